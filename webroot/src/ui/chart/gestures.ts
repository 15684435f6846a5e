// SPDX-License-Identifier: Apache-2.0
// Zoom and pan by wheel, by Shift and drag, by one and two fingers, and by keys. Says what is wanted; moves nothing
// itself.

export interface Wishes {
  /** factor < 1 zooms in; `at` is where, as a share of the width. */
  zoom: (factor: number, at: number) => void;
  /** By a share of the width; positive moves to later times. */
  pan: (share: number) => void;
  /** Back to the present. */
  live: () => void;
}

const WHEEL_STEP = 1.2;
const KEY_PAN = 0.2;
const KEY_ZOOM = 1.5;

const KEYS: Record<string, (wishes: Wishes) => void> = {
  ArrowLeft: (wishes) => wishes.pan(-KEY_PAN),
  ArrowRight: (wishes) => wishes.pan(KEY_PAN),
  PageUp: (wishes) => wishes.pan(-1),
  PageDown: (wishes) => wishes.pan(1),
  '+': (wishes) => wishes.zoom(1 / KEY_ZOOM, 0.5),
  '=': (wishes) => wishes.zoom(1 / KEY_ZOOM, 0.5),
  '-': (wishes) => wishes.zoom(KEY_ZOOM, 0.5),
  End: (wishes) => wishes.live(),
};

export function onKey(event: KeyboardEvent, wishes: Wishes): void {
  const act = KEYS[event.key];
  if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  act(wishes);
}

function shareOf(area: HTMLElement, x: number): number {
  const box = area.getBoundingClientRect();
  return Math.min(Math.max((x - box.left) / box.width, 0), 1);
}

function onWheel(area: HTMLElement, event: WheelEvent, wishes: Wishes): void {
  event.preventDefault();
  if (Math.abs(event.deltaX) > Math.abs(event.deltaY)) wishes.pan(event.deltaX / area.clientWidth);
  else wishes.zoom(event.deltaY > 0 ? WHEEL_STEP : 1 / WHEEL_STEP, shareOf(area, event.clientX));
}

/** Fingers on the area, by pointer; a mouse counts as one while Shift is held. */
class Fingers {
  private readonly at = new Map<number, number>();

  constructor(
    private readonly area: HTMLElement,
    private readonly wishes: Wishes,
  ) {}

  down(event: PointerEvent): void {
    if (event.pointerType === 'mouse' && !event.shiftKey) return;
    this.area.setPointerCapture(event.pointerId);
    this.at.set(event.pointerId, event.clientX);
  }

  move(event: PointerEvent): void {
    const before = this.at.get(event.pointerId);
    if (before === undefined) return;
    const other = [...this.at].find(([id]) => id !== event.pointerId)?.[1];
    this.at.set(event.pointerId, event.clientX);
    if (other === undefined) {
      this.wishes.pan((before - event.clientX) / this.area.clientWidth);
      return;
    }
    const apart = Math.abs(event.clientX - other);
    if (apart < 8) return;
    this.wishes.zoom(Math.abs(before - other) / apart, shareOf(this.area, (event.clientX + other) / 2));
  }

  up(event: PointerEvent): void {
    this.at.delete(event.pointerId);
  }
}

/** Listens on a plot's area until the signal is aborted. */
export function listen(area: HTMLElement, wishes: Wishes, signal: AbortSignal): void {
  const fingers = new Fingers(area, wishes);
  area.addEventListener('wheel', (event) => onWheel(area, event, wishes), { passive: false, signal });
  area.addEventListener('pointerdown', (event) => fingers.down(event), { capture: true, signal });
  area.addEventListener('pointermove', (event) => fingers.move(event), { signal });
  area.addEventListener('pointerup', (event) => fingers.up(event), { signal });
  area.addEventListener('pointercancel', (event) => fingers.up(event), { signal });
  // uPlot selects on mousedown, which follows pointerdown: with Shift it must not.
  area.addEventListener('mousedown', (event) => event.shiftKey && event.stopImmediatePropagation(), {
    capture: true,
    signal,
  });
}
