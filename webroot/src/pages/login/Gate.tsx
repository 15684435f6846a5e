// SPDX-License-Identifier: Apache-2.0
// The frame of the pages outside: log-in and set-up.

import type { ComponentChildren } from 'preact';
import { LANGUAGES, language, speak, t, type Language } from '../../i18n';
import { Logo } from '../../ui/Icon';
import { Waves } from './Waves';

export function LanguageChoice() {
  return (
    <label class="language">
      <span class="unseen">{t('account.language')}</span>
      <select
        value={language.value}
        onChange={(event) => void speak(event.currentTarget.value as Language).catch(() => {})}
      >
        {Object.entries(LANGUAGES).map(([tag, name]) => (
          <option key={tag} value={tag} lang={tag}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}

export function Gate({ children }: { children: ComponentChildren }) {
  return (
    <div class="gate">
      <header class="gate-art">
        <div class="brand">
          <Logo size={40} />
          <span>
            WEBVIEW<b>-M</b>
          </span>
        </div>
        <Waves />
        <p class="gate-claim">{t('login.claim')}</p>
      </header>
      <main class="gate-main">
        {children}
        <LanguageChoice />
      </main>
    </div>
  );
}
