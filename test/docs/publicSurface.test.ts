import { join } from 'node:path';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';
import { root } from './documents.js';

const { options } = ts.parseJsonConfigFileContent(
  ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile).config,
  ts.sys,
  root,
);
const entries = ['src/index.ts', 'src/web/index.ts'].map((entry) => join(root, entry));
const program = ts.createProgram(entries, options);
const checker = program.getTypeChecker();
const exported = entries.flatMap((entry) => {
  const module = checker.getSymbolAtLocation(program.getSourceFile(entry) as ts.SourceFile) as ts.Symbol;
  return checker.getExportsOfModule(module).map((symbol) => ({
    entry,
    name: symbol.name,
    declared: symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol,
  }));
});

test.each(entries)('%s exports something', (entry) =>
  expect(exported.filter((each) => each.entry === entry).length).toBeGreaterThan(15),
);

describe.each(exported)('$name', ({ declared }) => {
  test('has a sentence where it is declared', () => {
    const text = ts.displayPartsToString(declared.getDocumentationComment(checker));
    expect(text).toMatch(/^\S.*\S/s);
  });
});
