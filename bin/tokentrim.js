#!/usr/bin/env node
// The command line is compiled by `npm ci` (its prepare script) or `npm run build`.
import { existsSync } from 'node:fs';

const at = (name) => new URL(`../dist/cli/${name}`, import.meta.url);
if (existsSync(at('main.js'))) {
  const { holdSignals } = await import(at('earlySignal.js').href);
  holdSignals();
  await import(at('main.js').href);
} else {
  console.error('tokentrim: dist/ is not there; run `npm run build` first');
  process.exitCode = 1;
}
