// SPDX-License-Identifier: Apache-2.0
// Accessibility by axe-core: WCAG 2.2 A and AA and its best practices, in the theme and width at hand.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';

const source = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

function told(violation) {
  const nodes = violation.nodes.map((node) => `    ${node.target} ${node.failureSummary}`).join('\n');
  return `${violation.id} (${violation.impact}): ${violation.help}\n${nodes}`;
}

export async function assertAccessible(page, where) {
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(source);
  const { violations, passes } = await page.evaluate(
    (tags) => window.axe.run(document, { runOnly: { type: 'tag', values: tags }, resultTypes: ['violations'] }),
    TAGS,
  );
  assert.deepEqual(violations.map(told), [], `axe on ${where}`);
  assert.ok(passes.length > 10, `axe looked at ${where}`);
}
