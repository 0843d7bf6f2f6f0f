// Compiles src/ to dist/ and puts the WGSL files beside the compiled launchers that read them.
import { spawnSync } from 'node:child_process';
import { cpSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const typescript = fileURLToPath(import.meta.resolve('typescript/lib/tsc.js'));

rmSync(`${root}dist`, { recursive: true, force: true });
const { status } = spawnSync(process.execPath, [typescript, '-p', 'tsconfig.build.json'], {
  cwd: root,
  stdio: 'inherit',
});
if (status !== 0) process.exit(status ?? 1);
cpSync(`${root}src/kernels`, `${root}dist/kernels`, {
  recursive: true,
  filter: (path) => path.endsWith('.wgsl') || !path.includes('.'),
});
