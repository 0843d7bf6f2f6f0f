// Looks at a packed tarball as those would who install it: whether its exports and types are found by every resolver, and
// whether anything would run. node scripts/checkPackage.mjs tokentrim-0.1.0.tgz; ends with 1 and a line for each problem.
import { readFileSync } from 'node:fs';
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';

const tarball = readFileSync(process.argv[2]);
const problems = [];

const bytes = tarball.buffer.slice(tarball.byteOffset, tarball.byteOffset + tarball.byteLength);
const { messages, pkg } = await publint({ pack: { tarball: bytes }, strict: true });
for (const message of messages) problems.push(`publint: ${formatMessage(message, pkg, { color: false })}`);

/** The package is of ES modules alone, which `require` loads from Node 20.19 on. */
const EXPECTED = new Set(['CJSResolvesToESM']);
/** A resolver that does not read `exports` finds the main module only; nobody needs it for the others. */
const OLD = 'node10';
const { types, problems: found } = await checkPackage(createPackageFromTarballData(new Uint8Array(tarball)));
if (!types) problems.push('types: there are none');
for (const problem of found ?? []) {
  if (EXPECTED.has(problem.kind) || problem.resolutionKind === OLD) continue;
  problems.push(`types: ${JSON.stringify(problem)}`);
}

const atInstall = ['preinstall', 'install', 'postinstall'].filter((name) => name in (pkg.scripts ?? {}));
for (const name of atInstall) problems.push(`"${name}" would run where the package is installed`);

for (const problem of problems) console.error(problem);
process.exitCode = problems.length > 0 ? 1 : 0;
