// SPDX-License-Identifier: Apache-2.0
// Three phases a third of a turn apart: decoration of the pages before the log-in.

const WIDTH = 800;
const HEIGHT = 240;
const TURNS = 2.5;

function wave(shift: number): string {
  const points: string[] = [];
  for (let x = 0; x <= WIDTH; x += 4) {
    const angle = (x / WIDTH) * TURNS * 2 * Math.PI - shift;
    points.push(`${x} ${(HEIGHT / 2 - Math.sin(angle) * (HEIGHT / 2 - 8)).toFixed(1)}`);
  }
  return `M${points.join('L')}`;
}

const PATHS = [0, 1, 2].map((phase) => wave((phase * 2 * Math.PI) / 3));

export function Waves() {
  return (
    <svg class="waves" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
      {PATHS.map((path, i) => (
        <path key={path} class={`wave wave-${i + 1}`} d={path} />
      ))}
    </svg>
  );
}
