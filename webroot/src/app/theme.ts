// SPDX-License-Identifier: Apache-2.0
// Light, dark, or as the device prefers. Lasts as long as the page: nothing is stored in the browser.

import { computed, effect, signal } from '@preact/signals';

export const THEMES = ['auto', 'light', 'dark'] as const;
export type Theme = (typeof THEMES)[number];

export const theme = signal<Theme>('auto');

const darkQuery = matchMedia('(prefers-color-scheme: dark)');
const deviceDark = signal(darkQuery.matches);

/** What is seen; charts are painted anew when it changes. */
export const isDark = computed(() => (theme.value === 'auto' ? deviceDark.value : theme.value === 'dark'));

export function startTheme(): void {
  darkQuery.addEventListener('change', (event) => {
    deviceDark.value = event.matches;
  });
  effect(() => {
    document.documentElement.dataset.theme = theme.value;
  });
}
