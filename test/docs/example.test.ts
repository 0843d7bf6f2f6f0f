import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';
import { codeBlocks, root } from './documents.js';

const readme = readFileSync(join(root, 'README.md'), 'utf8');

/** The `@example` of a module, without the comment around it. */
function exampleOf(module: string): string {
  const text = readFileSync(join(root, module), 'utf8');
  const [, commented = ''] = /@example\n(.*?)\n \* @packageDocumentation/s.exec(text) ?? [];
  return commented.replace(/^ \* ?/gm, '');
}
const examples = {
  'README.md': codeBlocks(readme, 'ts').join('\n'),
  'src/index.ts': exampleOf('src/index.ts'),
  'src/web/index.ts': exampleOf('src/web/index.ts'),
};

const { options } = ts.parseJsonConfigFileContent(
  ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile).config,
  ts.sys,
  root,
);

const paths = { tokentrim: [join(root, 'src/index.ts')], 'tokentrim/web': [join(root, 'src/web/index.ts')] };

/** The README's, with a field that no decision has. */
const wrong = examples['README.md'].replace('decision?.severity', 'decision?.severities');

/** Each as a module of its own beside this one. */
const codes = new Map(
  [...Object.values(examples), wrong].map((code, index) => [join(root, `test/docs/example${index}.ts`), code]),
);

/** All in one program, with the package's names standing for its sources: most of the time goes into those. */
const host = ts.createCompilerHost(options);
const { getSourceFile, fileExists, readFile } = host;
host.fileExists = (name) => codes.has(name) || fileExists(name);
host.readFile = (name) => codes.get(name) ?? readFile(name);
host.getSourceFile = (name, target, ...rest) => {
  const code = codes.get(name);
  return code === undefined ? getSourceFile(name, target, ...rest) : ts.createSourceFile(name, code, target);
};
const program = ts.createProgram([...codes.keys()], { ...options, paths }, host);

/** What the compiler says of one. */
function diagnose(code: string): string[] {
  const path = [...codes].find(([, each]) => each === code)?.[0];
  const file = program.getSourceFile(path ?? '');
  expect(file).toBeDefined();
  const found = [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)];
  return found.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
}

describe('library examples compile', () => {
  test.each(Object.entries(examples))('%s', (_, code) => {
    expect(code).toMatch(/from 'tokentrim(\/web)?'/);
    expect(diagnose(code)).toEqual([]);
  });

  test('and the check sees a wrong one', () => {
    expect(diagnose(wrong).join()).toContain('severities');
  });
});
