// Loads the TypeScript sources for a fuzzing run: src/ with a counter at every branch, so that inputs which go new ways are
// seen (@jazzer.js/core would count too, but its binaries need glibc 2.38, and it does not see ES modules).
import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { register } from 'node:module';
import { fileURLToPath } from 'node:url';
import { isMainThread } from 'node:worker_threads';

const kept = new URL('../../node_modules/.cache/tokentrim-fuzz-sources/', import.meta.url);

if (isMainThread) register(import.meta.url);

export async function resolve(specifier, context, next) {
  const isSource = context.parentURL?.endsWith('.ts') && specifier.startsWith('.');
  return next(isSource ? specifier.replace(/\.js$/, '.ts') : specifier, context);
}

export async function load(url, context, next) {
  if (!url.endsWith('.ts')) return next(url, context);
  const text = await readFile(fileURLToPath(url), 'utf8');
  const isCounted = /\/src\/(?!kernels|interpreter|tensor)/.test(url);
  const own = await readFile(fileURLToPath(import.meta.url));
  const place = new URL(`${createHash('sha256').update(own).update(url).update(text).digest('hex')}.mjs`, kept);
  const source = await readFile(place, 'utf8').catch(() => translate(text, url, isCounted, place));
  return { format: 'module', source, shortCircuit: true };
}

async function translate(text, url, isCounted, place) {
  const { default: ts } = await import('typescript');
  const words = new Set();
  const compilerOptions = { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext, verbatimModuleSyntax: true };
  const transformers = isCounted ? { before: [counting(ts, url, words)] } : undefined;
  const { outputText } = ts.transpileModule(text, { compilerOptions, transformers, fileName: fileURLToPath(url) });
  const learned = words.size > 0 ? `globalThis.__words?.(${JSON.stringify([...words])});` : '';
  await mkdir(kept, { recursive: true });
  await writeFile(`${fileURLToPath(place)}.${process.pid}`, `${learned}${outputText}`);
  await rename(`${fileURLToPath(place)}.${process.pid}`, place);
  return `${learned}${outputText}`;
}

/** Puts a call of `__edge(number)` at the beginning of every function, branch and loop. */
function counting(ts, url, words) {
  let number = [...url].reduce((hash, letter) => (hash * 31 + letter.charCodeAt(0)) & 0xffff, 7);
  const UNCOUNTED = [
    ts.isImportDeclaration,
    ts.isExportDeclaration,
    ts.isTypeNode,
    ts.isInterfaceDeclaration,
    ts.isTypeAliasDeclaration,
  ];
  return (context) => {
    const { factory } = context;
    const probe = () => {
      number = (number * 75 + 74) % 65537;
      return factory.createCallExpression(factory.createIdentifier('__edge'), undefined, [
        factory.createNumericLiteral(number & 0xffff),
      ]);
    };
    const first = (expression) => factory.createParenthesizedExpression(factory.createComma(probe(), expression));
    const block = (statement) => {
      const own = ts.isBlock(statement) ? statement.statements : [statement];
      return factory.createBlock([factory.createExpressionStatement(probe()), ...own], true);
    };
    const LOGICAL = [
      ts.SyntaxKind.AmpersandAmpersandToken,
      ts.SyntaxKind.BarBarToken,
      ts.SyntaxKind.QuestionQuestionToken,
    ];
    const visit = (node) => {
      if (UNCOUNTED.some((is) => is(node))) return node;
      if (ts.isStringLiteralLike(node) && node.text.length > 0 && node.text.length <= 40) words.add(node.text);
      const seen = ts.visitEachChild(node, visit, context);
      if (ts.isIfStatement(seen)) {
        const otherwise = seen.elseStatement && block(seen.elseStatement);
        return factory.updateIfStatement(seen, seen.expression, block(seen.thenStatement), otherwise);
      }
      if (ts.isForStatement(seen))
        return factory.updateForStatement(
          seen,
          seen.initializer,
          seen.condition,
          seen.incrementor,
          block(seen.statement),
        );
      if (ts.isForOfStatement(seen))
        return factory.updateForOfStatement(
          seen,
          seen.awaitModifier,
          seen.initializer,
          seen.expression,
          block(seen.statement),
        );
      if (ts.isWhileStatement(seen)) return factory.updateWhileStatement(seen, seen.expression, block(seen.statement));
      if (ts.isCaseClause(seen)) {
        const statements = [factory.createExpressionStatement(probe()), ...seen.statements];
        return factory.updateCaseClause(seen, seen.expression, statements);
      }
      if (ts.isConditionalExpression(seen)) {
        const [yes, no] = [first(seen.whenTrue), first(seen.whenFalse)];
        return factory.updateConditionalExpression(seen, seen.condition, seen.questionToken, yes, seen.colonToken, no);
      }
      if (ts.isBinaryExpression(seen) && LOGICAL.includes(seen.operatorToken.kind))
        return factory.updateBinaryExpression(seen, seen.left, seen.operatorToken, first(seen.right));
      if (ts.isArrowFunction(seen) && !ts.isBlock(seen.body)) {
        const { modifiers, typeParameters, parameters, type, equalsGreaterThanToken: arrow } = seen;
        return factory.updateArrowFunction(seen, modifiers, typeParameters, parameters, type, arrow, first(seen.body));
      }
      if (ts.isFunctionDeclaration(seen) && seen.body) {
        const { modifiers, asteriskToken, name, typeParameters, parameters, type } = seen;
        return factory.updateFunctionDeclaration(
          seen,
          modifiers,
          asteriskToken,
          name,
          typeParameters,
          parameters,
          type,
          block(seen.body),
        );
      }
      return seen;
    };
    return (file) => ts.visitEachChild(file, visit, context);
  };
}
