// SPDX-License-Identifier: Apache-2.0
// Canvas needs colours in figures: reads the page's custom properties as the browser resolved them for the theme in
// force.

const probe = document.createElement('span');
probe.hidden = true;

export function colour(property: string, alpha = 1): string {
  if (!probe.isConnected) document.body.append(probe);
  probe.style.color = `color-mix(in srgb, var(${property}) ${alpha * 100}%, transparent)`;
  return getComputedStyle(probe).color;
}
