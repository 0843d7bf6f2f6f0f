// Compiles src/ to dist/, the module of all WGSL for pages included, puts the WGSL files beside the compiled launchers, where
// Node reads them, and makes the viewer of traces and the page of comparisons.
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import buildViewer from './buildViewer.mjs';
import copyKernels from './copyKernels.mjs';
import writeKernelTexts from './kernelTexts.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const typescript = fileURLToPath(import.meta.resolve('typescript/lib/tsc.js'));

writeKernelTexts();
rmSync(join(root, 'dist'), { recursive: true, force: true });
const { status } = spawnSync(process.execPath, [typescript, '-p', 'tsconfig.build.json'], {
  cwd: root,
  stdio: 'inherit',
});
if (status !== 0) process.exit(status ?? 1);
copyKernels(root, join(root, 'dist'));
await buildViewer(join(root, 'dist/viewer/viewer.html'));
await buildViewer(join(root, 'dist/viewer/comparison.html'), 'comparison');
