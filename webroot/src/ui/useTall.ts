// SPDX-License-Identifier: Apache-2.0

import { useEffect, useState } from 'preact/hooks';

const GRAIN = 20;

/** A height as a share of the window's, within bounds: a chart is as tall as a phone or a wall display allows. */
export function useTall(share: number, least: number, most: number): number {
  const measure = (): number => {
    const wanted = Math.round((window.innerHeight * share) / GRAIN) * GRAIN;
    return Math.min(Math.max(wanted, least), most);
  };
  const [height, setHeight] = useState(measure);
  useEffect(() => {
    const onResize = (): void => setHeight(measure());
    addEventListener('resize', onResize);
    return () => removeEventListener('resize', onResize);
  }, []);
  return height;
}
