// SPDX-License-Identifier: Apache-2.0
// What the gateway makes of the errors, in the page's language where it has the sentence.

import type { Judged } from '../app/types';
import { number } from '../data/format';
import { fill, known, locale } from '../i18n';
import { milliseconds } from './Histogram';

/** A small share is told with one digit more: 0.3 % is not nothing. */
export function shareText(share: number): string {
  return `${number(locale.value, share * 100, share > 0 && share < 0.095 ? 1 : 0)}\u202f%`;
}

export function verdictText({ verdict = '', verdict_key = '', verdict_values = {} }: Judged): string {
  const sentence = verdict_key && known('verdict', verdict_key, '');
  if (!sentence) return verdict;
  const { share = 0, mean = 0, timeout = 0, demand = 0, ...rest } = verdict_values;
  return fill(sentence, {
    ...rest,
    share: shareText(share),
    mean: milliseconds(mean),
    timeout: milliseconds(timeout),
    demand: number(locale.value, demand, 2),
  });
}
