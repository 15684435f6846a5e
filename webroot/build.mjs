// SPDX-License-Identifier: Apache-2.0
// Builds dist/: hashed scripts and styles, split so that the first load holds what log-in and overview need, each
// file with its Brotli and gzip twin, served by the gateway as they are.

import { build } from 'esbuild';
import { mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';

const ROOT = path.dirname(fileURLToPath(import.meta.url));
const SOURCE = path.join(ROOT, 'src');
const DIST = path.join(ROOT, 'dist');
const FIRST_LOAD_KIB = 120;

const common = {
  absWorkingDir: ROOT,
  bundle: true,
  minify: true,
  format: 'esm',
  target: ['chrome123', 'firefox121', 'safari17.5'],
  charset: 'utf8',
  legalComments: 'none',
  jsx: 'automatic',
  jsxImportSource: 'preact',
  outdir: DIST,
  entryNames: '[name]-[hash]',
  chunkNames: '[name]-[hash]',
  metafile: true,
  logLevel: 'warning',
};

function outputOf(metafile, entry) {
  const [file, output] = Object.entries(metafile.outputs).find(([, one]) => one.entryPoint === entry);
  return { name: path.basename(file), output };
}

/** Scripts that the first page needs, besides the entry itself. */
function preloadsOf(output) {
  return output.imports
    .filter((one) => one.kind === 'import-statement')
    .map((one) => path.basename(one.path));
}

async function writePage(main) {
  const template = await readFile(path.join(SOURCE, 'index.html'), 'utf8');
  const links = preloadsOf(main.output).map((name) => `<link rel="modulepreload" href="/${name}">`);
  const page = template
    .replace('%CSS%', `/${path.basename(main.output.cssBundle)}`)
    .replace('%JS%', `/${main.name}`)
    .replace(/ *%PRELOAD%\n/, links.map((link) => `    ${link}\n`).join(''));
  await writeFile(path.join(DIST, 'index.html'), page);
}

async function compress(name) {
  const file = path.join(DIST, name);
  const content = await readFile(file);
  const params = {
    [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
    [constants.BROTLI_PARAM_SIZE_HINT]: content.length,
  };
  const small = await promisify(brotliCompress)(content, { params });
  await writeFile(`${file}.br`, small);
  await writeFile(`${file}.gz`, await promisify(gzip)(content, { level: constants.Z_BEST_COMPRESSION }));
  return { name, size: content.length, small: small.length };
}

const kib = (bytes) => `${(bytes / 1024).toFixed(1)} KiB`.padStart(10);

/** Everything until the overview is usable: page, style, main script, what it imports, the chart, the worker. */
function report(sizes, first) {
  for (const { name, size, small } of sizes) {
    console.log(`${first.has(name) ? '*' : ' '} ${name.padEnd(28)} ${kib(size)} ${kib(small)} br`);
  }
  const total = sizes.filter(({ name }) => first.has(name)).reduce((sum, { small }) => sum + small, 0);
  console.log(
    `* first load, log-in and overview with its curve: ${kib(total).trim()} Brotli of ${FIRST_LOAD_KIB} KiB`,
  );
  if (total > FIRST_LOAD_KIB * 1024) throw new Error('the first load has grown too large');
}

await rm(DIST, { recursive: true, force: true });
await mkdir(DIST, { recursive: true });
const worker = await build({ ...common, entryPoints: ['src/live/worker.ts'] });
const workerName = outputOf(worker.metafile, 'src/live/worker.ts').name;
const page = await build({
  ...common,
  entryPoints: ['src/main.tsx'],
  splitting: true,
  define: { KW_LIVE_WORKER: JSON.stringify(`/${workerName}`) },
});
const main = outputOf(page.metafile, 'src/main.tsx');
const chart = outputOf(page.metafile, 'src/ui/chart/Chart.tsx');
await writePage(main);
for (const name of ['favicon.svg', 'manifest.webmanifest']) {
  await writeFile(path.join(DIST, name), await readFile(path.join(SOURCE, name)));
}
const sizes = await Promise.all((await readdir(DIST)).sort().map(compress));
const first = new Set([
  'index.html',
  'favicon.svg',
  'manifest.webmanifest',
  workerName,
  main.name,
  path.basename(main.output.cssBundle),
  chart.name,
  ...preloadsOf(main.output),
  ...preloadsOf(chart.output),
]);
report(sizes, first);
