import { parseType } from './parseExpression.js';
import { parseAttributes, parseBlock, parseDeclaration } from './parseStatement.js';
import type { Attributes, FunctionTree, ModuleTree, Parameter, StructTree, TypeName } from './tree.js';
import { Words } from './words.js';

/**
 * Reads a file of WGSL. It is taken to be right: a compiler of WGSL says better what is wrong in it.
 * @param file what errors call it
 * @throws WgslError where it is not even read
 */
export function parseModule(text: string, file: string): ModuleTree {
  const words = new Words(text, file);
  const structs: StructTree[] = [];
  const aliases = new Map<string, TypeName>();
  const functions: FunctionTree[] = [];
  const declarations: ModuleTree['declarations'][number][] = [];
  while (words.peek().kind !== 'end') {
    if (words.takeIf(';')) continue;
    if (['enable', 'requires', 'diagnostic', 'const_assert'].some((word) => words.isNext(word))) {
      while (!words.takeIf(';')) words.take();
      continue;
    }
    const attributes = parseAttributes(words);
    const { line } = words;
    if (words.takeIf('struct')) {
      const name = words.takeName();
      words.expect('{');
      structs.push({ name, members: words.list('}', () => parseParameter(words)), line });
    } else if (words.takeIf('alias')) {
      const name = words.takeName();
      words.expect('=');
      aliases.set(name, parseType(words));
      words.expect(';');
    } else if (words.takeIf('fn')) {
      functions.push(parseFunction(words, attributes, line));
    } else if (['var', 'const', 'override'].some((keyword) => words.isNext(keyword))) {
      declarations.push(parseDeclaration(words, attributes));
      words.expect(';');
    } else {
      words.fail('a declaration');
    }
  }
  return { structs, aliases, functions, declarations };
}

function parseParameter(words: Words): Parameter {
  const attributes = parseAttributes(words);
  const name = words.takeName();
  words.expect(':');
  return { name, type: parseType(words), attributes };
}

function parseFunction(words: Words, attributes: Attributes, line: number): FunctionTree {
  const name = words.takeName();
  words.expect('(');
  const parameters = words.list(')', () => parseParameter(words));
  let result: TypeName | undefined;
  if (words.takeIf('->')) {
    parseAttributes(words);
    result = parseType(words);
  }
  return { name, parameters, result, body: parseBlock(words), attributes, line };
}
