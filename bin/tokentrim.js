#!/usr/bin/env node
// The command line is compiled by `npm ci` (its prepare script) or `npm run build`.
import { existsSync } from 'node:fs';

const main = new URL('../dist/cli/main.js', import.meta.url);
if (existsSync(main)) {
  await import(main.href);
} else {
  console.error('tokentrim: dist/ is not there; run `npm run build` first');
  process.exitCode = 1;
}
