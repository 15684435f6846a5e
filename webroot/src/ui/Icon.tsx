// SPDX-License-Identifier: Apache-2.0
// Line icons on a grid of 24, drawn for this page.

const PATHS = {
  overview: 'M4 13a8 8 0 1 1 16 0M12 13l4-4M4 17.5h16',
  meters: 'M5 3.5h14v17H5zM8.5 7h7v4h-7zM9 15.5h.01M12 15.5h.01M15 15.5h.01',
  trends: 'M4 4v16h16M7.5 14.5l3.5-4 3 2.5 5-6',
  bus: 'M3 12h18M6.5 12V6.5M17.5 12V6.5M12 12v5.5M4.5 3.5h4v3h-4zM15.5 3.5h4v3h-4zM10 17.5h4v3h-4z',
  supervisor: 'M4 5h16v4H4zM4 11h16v4H4zM7 7h.01M7 13h.01M12 15v3.5M8 20.5h8',
  more: 'M5 12h.01M12 12h.01M19 12h.01',
  account: 'M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8M4.5 20.5c.8-3.6 3.8-5.5 7.5-5.5s6.7 1.9 7.5 5.5',
  logout: 'M10 4H5v16h5M14 8l4 4-4 4M18 12H9',
  eye: 'M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12M12 15a3 3 0 1 0 0-6 3 3 0 0 0 0 6',
  eyeOff:
    'M4 4l16 16M9.5 5.9A9 9 0 0 1 12 5.5c6 0 9.5 6.5 9.5 6.5a17 17 0 0 1-2.6 3.4M6 7.5A16 16 0 0 0 2.5 12S6 18.5 12 18.5a9 9 0 0 0 4-.9M10 10a3 3 0 0 0 4 4',
  search: 'M10.5 17a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13M15.5 15.5 20 20',
  close: 'M6 6l12 12M18 6 6 18',
  plus: 'M12 5v14M5 12h14',
  minus: 'M5 12h14',
  left: 'M14.5 5.5 8 12l6.5 6.5',
  right: 'M9.5 5.5 16 12l-6.5 6.5',
  warning: 'M12 4 2.8 19.5h18.4zM12 10v4.5M12 17v.01',
  info: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18M12 11v5M12 8v.01',
  check: 'M4.5 12.5 10 18 19.5 7',
  offline:
    'M3 3l18 18M5 12.5a10 10 0 0 1 4-2.3M19 12.5a10 10 0 0 0-5-2.6M8.5 16a5 5 0 0 1 6 -.6M12 19.5v.01M2.5 9a14 14 0 0 1 4-2.5M21.5 9A14 14 0 0 0 11 5.1',
  sun: 'M12 16.5a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9M12 2v2M12 20v2M2 12h2M20 12h2M5 5l1.4 1.4M17.6 17.6 19 19M19 5l-1.4 1.4M6.4 17.6 5 19',
  moon: 'M20 14.5A8.5 8.5 0 0 1 9.5 4a8.5 8.5 0 1 0 10.5 10.5',
  auto: 'M3.5 5h17v11h-17zM9 20h6M12 16v4',
  up: 'M12 19V5M6 11l6-6 6 6',
  down: 'M12 5v14M6 13l6 6 6-6',
} as const;

export type IconName = keyof typeof PATHS;

/** Decoration: what it stands beside carries the name. */
export function Icon({ name, size = 20 }: { name: IconName; size?: number }) {
  return (
    <svg class="icon" width={size} height={size} viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  );
}

export function Logo({ size = 32 }: { size?: number }) {
  return (
    <svg class="logo" width={size} height={size} viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <rect class="logo-plate" width="32" height="32" rx="8" />
      <path class="logo-wave" d="M5 16c2.4-8 5-8 7.3 0s4.9 8 7.3 0 4.9-8 7.4 0" />
    </svg>
  );
}
