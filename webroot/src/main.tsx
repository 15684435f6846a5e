// SPDX-License-Identifier: Apache-2.0

import { render } from 'preact';
import { App } from './app/App';
import { startActivity } from './app/activity';
import { startClock } from './app/clock';
import { startFeed } from './app/feed';
import { startRouter } from './app/router';
import { startSession } from './app/session';
import { startTheme } from './app/theme';
import { preferredLanguage, speak } from './i18n';
import './styles/main.css';

startTheme();
startClock();
startActivity();
startRouter();
startFeed();
// The page appears in its language at once, or in English if that language can't be loaded.
void Promise.all([startSession(), speak(preferredLanguage(navigator.languages)).catch(() => {})]);
render(<App />, document.getElementById('app')!);
