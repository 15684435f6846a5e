// SPDX-License-Identifier: Apache-2.0
// What is not in the stream is read again and again, while somebody looks at the page.

import { useEffect, useState } from 'preact/hooks';
import { isAttended } from './activity';
import { asProblem, get, type Problem } from './api';

export interface Polled<T> {
  data: T | null;
  problem: Problem | null;
  /** Reads now. */
  read: () => void;
}

/** Null as path reads nothing. A new path forgets what the old one gave; a failure leaves the last answer in sight. */
export function usePolled<T>(path: string | null, every_ms: number, paused = false): Polled<T> {
  const [state, setState] = useState<{ path: string | null; data: T | null; problem: Problem | null }>({
    path: null,
    data: null,
    problem: null,
  });
  const [turn, setTurn] = useState(0);

  useEffect(() => {
    if (path === null) return;
    const over = new AbortController();
    let busy = false;
    const read = async (): Promise<void> => {
      if (busy) return;
      busy = true;
      try {
        const data = await get<T>(path, over.signal);
        setState({ path, data, problem: null });
      } catch (error) {
        if (over.signal.aborted) return;
        const problem = asProblem(error);
        setState((old) => ({ path, data: old.path === path ? old.data : null, problem }));
      } finally {
        busy = false;
      }
    };
    if (!paused || state.path !== path) void read();
    const timer = setInterval(() => !paused && isAttended() && void read(), every_ms);
    return () => {
      over.abort();
      clearInterval(timer);
    };
  }, [path, every_ms, paused, turn]);

  const isOld = state.path !== path;
  return {
    data: isOld ? null : state.data,
    problem: isOld ? null : state.problem,
    read: () => setTurn((before) => before + 1),
  };
}
