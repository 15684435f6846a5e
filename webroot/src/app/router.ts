// SPDX-License-Identifier: Apache-2.0
// Where we are stands in the address after the hash: #/meters/incomer, #/trends?p=… . A link reproduces the page.

import { signal } from '@preact/signals';

export interface Route {
  /** First part of the path: the page's name. */
  page: string;
  /** The rest of the path. */
  rest: string[];
  query: URLSearchParams;
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

export function parseHash(hash: string): Route {
  const text = hash.replace(/^#\/?/, '');
  const mark = text.indexOf('?');
  const path = mark < 0 ? text : text.slice(0, mark);
  const [page = '', ...rest] = path.split('/').filter(Boolean).map(decode);
  return { page, rest, query: new URLSearchParams(mark < 0 ? '' : text.slice(mark + 1)) };
}

export function href(page: string, rest: string[] = [], query?: URLSearchParams): string {
  const path = [page, ...rest].map(encodeURIComponent).join('/');
  const asked = query?.toString().replaceAll('%2C', ',');
  return `#/${path}${asked ? `?${asked}` : ''}`;
}

export const route = signal<Route>({ page: '', rest: [], query: new URLSearchParams() });

export function go(target: string): void {
  location.hash = target;
}

/** Changes the address without a new entry in the browser's history: for what changes all the time. */
export function replace(target: string): void {
  history.replaceState(null, '', target);
  route.value = parseHash(target);
}

export function startRouter(): void {
  const read = (): void => {
    route.value = parseHash(location.hash);
  };
  addEventListener('hashchange', read);
  read();
}
