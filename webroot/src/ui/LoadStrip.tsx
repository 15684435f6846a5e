// SPDX-License-Identifier: Apache-2.0

import { loadOf } from '../data/bus';

/** How busy a line is; when it is asked for more than there is, the part beyond stands out. */
export function LoadStrip({ utilisation, demand }: { utilisation: number; demand?: number }) {
  const { share, beyond, mood } = loadOf(utilisation, demand);
  const within = share * (1 - beyond) * 100;
  return (
    <svg class={`gauge load-${mood}`} viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true">
      <rect class="gauge-rail" width="100" height="4" />
      <rect class="gauge-fill" width={within} height="4" />
      {beyond > 0 && <rect class="gauge-beyond" x={within} width={100 - within} height="4" />}
    </svg>
  );
}
