// SPDX-License-Identifier: Apache-2.0

import type { RefObject } from 'preact';
import { useEffect, useState } from 'preact/hooks';

const GRAIN = 50;
const USUAL = 800;

/** The width of an element in coarse steps: a changed pixel is no reason to read history again. */
export function useWidth(element: RefObject<HTMLElement>): number {
  const [width, setWidth] = useState(USUAL);
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => {
      const seen = entry?.contentRect.width ?? 0;
      if (seen > 0) setWidth(Math.max(1, Math.floor(seen / GRAIN)) * GRAIN);
    });
    observer.observe(element.current!);
    return () => observer.disconnect();
  }, []);
  return width;
}
