import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const root = fileURLToPath(new URL('../..', import.meta.url));

const compilerOptions: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.ESNext,
  verbatimModuleSyntax: true,
};

/** A module as `npm run build` compiles it, line by line. */
export function compileModule(text: string): string {
  return ts.transpileModule(text, { compilerOptions }).outputText;
}

/**
 * A folder as the repository after `npm run build`, from the sources as they are: `dist` in modules of its own, where a
 * debugger finds each function in its file. It has no WGSL, which only adapters and the interpreter run.
 */
export function compiledFolder(copied: readonly string[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'tokentrim-compiled-'));
  for (const name of readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })) {
    if (!name.endsWith('.ts') || name.endsWith('.d.ts')) continue;
    const target = join(folder, 'dist', name.replace(/\.ts$/, '.js'));
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, compileModule(readFileSync(join(root, 'src', name), 'utf8')));
  }
  for (const name of ['weights', 'node_modules']) symlinkSync(join(root, name), join(folder, name));
  for (const name of ['package.json', ...copied]) cpSync(join(root, name), join(folder, name), { recursive: true });
  return folder;
}
