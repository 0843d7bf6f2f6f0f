import { join, relative } from 'node:path';
import ts from 'typescript';
import { expect, test } from 'vitest';
import { root } from './docs/documents.js';

// What a page loads knows nothing of Node: it compiles without Node's types, and no file of its imports is Node's.

const place = join(root, 'src/tsconfig.core.json');
const { config } = ts.readConfigFile(place, ts.sys.readFile);
const { options, fileNames } = ts.parseJsonConfigFileContent(config, ts.sys, join(root, 'src'));
const host = ts.createCompilerHost(options);

/** Stands in the core for the test alone, and must not compile. */
const probe = join(root, 'src/weights/probe.ts');
const PROBE = `import { open } from 'node:fs/promises';
export const bytes = Buffer.from(String(process.pid));
export const file = open;`;
const found = host.getSourceFile;
host.fileExists = (name) => name === probe || ts.sys.fileExists(name);
host.getSourceFile = (name, version, ...rest) =>
  name === probe ? ts.createSourceFile(name, PROBE, version) : found.call(host, name, version, ...rest);

const program = ts.createProgram([...fileNames, probe], options, host);
const files = program.getSourceFiles().map(({ fileName }) => relative(root, fileName).replaceAll('\\', '/'));

test('the core compiles without the types of Node', { timeout: 120_000 }, () => {
  const problems = ts.getPreEmitDiagnostics(program).filter(({ file }) => file?.fileName !== probe);
  const messages = problems.map(({ file, start = 0, messageText }) => {
    const line = file ? file.getLineAndCharacterOfPosition(start).line + 1 : 0;
    return `${file?.fileName}:${line} ${ts.flattenDiagnosticMessageText(messageText, '\n')}`;
  });
  expect(messages).toEqual([]);
});

test('what uses Node does not', () => {
  const messages = program
    .getSemanticDiagnostics(program.getSourceFile(probe))
    .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
  expect(messages).toEqual([
    expect.stringMatching(/'node:fs\/promises'/),
    expect.stringMatching(/'Buffer'/),
    expect.stringMatching(/'process'/),
  ]);
});

test('nothing that it imports is of Node, or of the folders that are', () => {
  expect(files.filter((name) => /(?:^|\/)(?:@types\/|types\/)?(?:node|yauzl)\//.test(name))).toEqual([]);
  expect(files.filter((name) => /^src\/(?:node|media|cli|synthesize|parity)\//.test(name))).toEqual([]);
  for (const folder of ['kernels', 'models', 'options', 'pipelines', 'tensor', 'tokentrim', 'weights']) {
    expect(files.filter((name) => name.startsWith(`src/${folder}/`)).length, folder).toBeGreaterThan(2);
  }
  expect(files).toContain('src/models/wan/openModel.ts');
});
