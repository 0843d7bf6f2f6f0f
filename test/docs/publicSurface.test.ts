import { join } from 'node:path';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';
import { root } from './documents.js';

const { options } = ts.parseJsonConfigFileContent(
  ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile).config,
  ts.sys,
  root,
);
const index = join(root, 'src/index.ts');
const program = ts.createProgram([index], options);
const checker = program.getTypeChecker();
const module = checker.getSymbolAtLocation(program.getSourceFile(index) as ts.SourceFile) as ts.Symbol;
const exported = checker.getExportsOfModule(module).map((symbol) => ({
  name: symbol.name,
  declared: symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol,
}));

test('the library exports something', () => expect(exported.length).toBeGreaterThan(30));

describe.each(exported)('$name', ({ declared }) => {
  test('has a sentence where it is declared', () => {
    const text = ts.displayPartsToString(declared.getDocumentationComment(checker));
    expect(text).toMatch(/^\S.*\S/s);
  });
});
