// Lets a plain `node` child process import the TypeScript sources: Node 20 cannot do that by itself. What was translated once
// is kept, so that of many children few load the compiler.
import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { register } from 'node:module';
import { fileURLToPath } from 'node:url';
import { isMainThread } from 'node:worker_threads';

const kept = new URL('../../../node_modules/.cache/tokentrim-tests/', import.meta.url);

if (isMainThread) register(import.meta.url);

export async function resolve(specifier, context, next) {
  const source = context.parentURL?.endsWith('.ts') && specifier.startsWith('.');
  return next(source ? specifier.replace(/\.js$/, '.ts') : specifier, context);
}

export async function load(url, context, next) {
  if (!url.endsWith('.ts')) return next(url, context);
  const text = await readFile(fileURLToPath(url), 'utf8');
  const place = new URL(`${createHash('sha256').update(text).digest('hex')}.mjs`, kept);
  const source = await readFile(place, 'utf8').catch(() => translate(text, place));
  return { format: 'module', source, shortCircuit: true };
}

async function translate(text, place) {
  const { default: typescript } = await import('typescript');
  const { ScriptTarget, ModuleKind } = typescript;
  const compilerOptions = { target: ScriptTarget.ES2022, module: ModuleKind.ESNext, verbatimModuleSyntax: true };
  const { outputText } = typescript.transpileModule(text, { compilerOptions });
  const unfinished = new URL(`${place.href}.${process.pid}.${Math.random()}`);
  await mkdir(kept, { recursive: true });
  await writeFile(unfinished, outputText);
  await rename(unfinished, place);
  return outputText;
}
