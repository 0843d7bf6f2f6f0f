import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { classKey } from '../../src/kernels/forms/form.js';
import type { MeasuredChoices } from '../../src/kernels/forms/formStore.js';
import { knownClasses } from '../../src/kernels/forms/trials.js';
import { rememberChoices } from '../../src/node/caches/rememberedChoices.js';
import { device } from '../support/device.js';
import { digest, generate, latentFrames } from './generated.js';
import { useProgram } from './program.js';

const program = useProgram();

const RUN = ['a red circle', '--width', '16', '--height', '16', '--frames', '9', '--steps', '1000'];

/** A cache folder of the test's own, and no form forced from outside. */
const fresh = () => ({ XDG_CACHE_HOME: program.path('cache'), TOKENTRIM_KERNELS: '' });

const choicesFile = () => {
  const folder = program.path(join('cache', 'tokentrim'));
  const name = existsSync(folder) && readdirSync(folder).find((entry) => entry.startsWith('kernels-'));
  return name ? join(folder, name) : undefined;
};

async function latents(name: string, options: readonly string[], env: NodeJS.ProcessEnv): Promise<string> {
  await generate(program, [...RUN, ...options, '--out', `${name}/`, '--save-latents', `${name}.safetensors`], env);
  return digest(await latentFrames(program.path(`${name}.safetensors`)));
}

test('a short run measures nothing, and uses what was measured before', async () => {
  const run = (name: string) =>
    program.run(['generate', ...RUN, '--out', `${name}/`, '--save-latents', `${name}.safetensors`], { env: fresh() });
  const first = await run('one');
  expect(first.stderr).not.toContain('measuring');
  expect(choicesFile()).toBeUndefined();

  const adapter = device.forms.adapter;
  if (!adapter) return; // the reference device has no forms
  const choices = Object.fromEntries(
    knownClasses().map((problem) => [classKey(problem), { ...problem, form: 'plain', milliseconds: { plain: 1.25 } }]),
  ) as MeasuredChoices;
  rememberChoices(join(program.path('cache'), 'tokentrim'), adapter, choices);
  const { mtimeMs } = statSync(choicesFile() as string);
  const second = await run('two');
  expect(second.stderr).not.toContain('measuring');
  expect(statSync(choicesFile() as string).mtimeMs).toBe(mtimeMs);
  const two = digest(await latentFrames(program.path('two.safetensors')));
  expect(two).toBe(await latents('plain', ['--kernels', 'plain'], fresh()));

  const doctor = await program.run(['doctor'], { env: fresh() });
  expect(doctor.stdout).toMatch(/^kernels, measured in ms a run/m);
  expect(doctor.stdout).toMatch(/^ {2}layerNorm +f32 +any +plain +1\.25/m);
  const json = await program.run(['doctor', '--json'], { env: fresh() });
  expect(JSON.parse(json.stdout).kernels).toEqual(choices);
});

test('a forced form is not measured, and is the one that runs', async () => {
  const plain = await latents('plain', ['--kernels', 'plain'], fresh());
  const byVariable = await latents('variable', [], { ...fresh(), TOKENTRIM_KERNELS: 'plain' });
  expect(byVariable).toBe(plain);
  expect(choicesFile()).toBeUndefined();
  const doctor = await program.run(['doctor'], { env: fresh() });
  expect(doctor.stdout).toContain('kernels: nothing measured yet');
  const json = await program.run(['doctor', '--json'], { env: fresh() });
  expect(JSON.parse(json.stdout).kernels).toEqual({});

  expect(await latents('subgroup', ['--kernels', 'subgroup'], fresh())).not.toBe(plain); // it rounds differently
  const { status, stderr } = await program.run(['generate', ...RUN, '--kernels', 'quick'], { env: fresh() });
  expect(status).toBe(2);
  expect(stderr).toContain('Allowed choices are auto, plain, subgroup, tiled, matrix');
});

test('doctor --measure measures the adapter that is asked for, every time', async () => {
  const measure = async () => {
    const ended = await program.run(['doctor', '--measure', '--adapter', 'swiftshader', '--json'], { env: fresh() });
    expect(ended.stderr).toMatch(/^measuring kernels on SwiftShader.+, once: 100%/m);
    expect(ended.status).toBe(0);
    return JSON.parse(ended.stdout).kernels;
  };
  const kernels = await measure();
  expect(kernels['rmsNorm | f32 | any']).toEqual({
    kernel: 'rmsNorm',
    type: 'f32',
    size: 'any',
    form: expect.stringMatching(/^(plain|subgroup)$/),
    milliseconds: { plain: expect.any(Number), subgroup: expect.any(Number) },
  });
  const { ino } = statSync(choicesFile() as string);
  expect(Object.keys(await measure())).toEqual(Object.keys(kernels));
  expect(statSync(choicesFile() as string).ino).not.toBe(ino); // renamed into its place
});
