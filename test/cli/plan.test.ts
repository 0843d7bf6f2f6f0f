import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import type { Plan } from '../../src/pipelines/plan/plan.js';
import { filesOf, generate, latentFrames } from './generated.js';
import { useProgram } from './program.js';

const program = useProgram();

const TOY = fileURLToPath(new URL('../../weights/toy-world', import.meta.url));
const PROMPT = 'a red circle stands still on a navy background';
const SMALL = ['--width', '32', '--height', '32', '--frames', '21', '--steps', '1000,500', '--seed', '5'];

/** Prints a plan into a file, as a user would. */
async function planned(name: string, args: readonly string[]): Promise<Plan> {
  const { status, stdout, stderr } = await program.run(['generate', ...args, '--dry-run', '--json']);
  expect(status, stderr).toBe(0);
  writeFileSync(program.path(name), stdout);
  return JSON.parse(stdout).plan;
}

const edit = (name: string, change: (plan: Record<string, unknown>) => void) => {
  const report = JSON.parse(readFileSync(program.path(name), 'utf8'));
  change(report.plan);
  writeFileSync(program.path(name), JSON.stringify(report.plan)); // the plan alone will do
};

const outcome = async (folder: string) => ({
  frames: filesOf(program, folder),
  latents: await latentFrames(program.path(`${folder}.safetensors`)),
});
const into = (folder: string) => ['--out', `${folder}/`, '--save-latents', `${folder}.safetensors`];

test('a plan that is printed and run makes the same bytes; edited in a number, others', async () => {
  const args = [PROMPT, ...SMALL, '--trim-warmup', '1', '--fps', '8'];
  await planned('plan.json', args);
  const direct = await generate(program, [...args, ...into('direct')]);
  const byPlan = await generate(program, ['--plan', 'plan.json', ...into('byPlan')]);
  expect(await outcome('byPlan')).toEqual(await outcome('direct'));
  expect(byPlan.plan).toEqual(direct.plan);
  expect({ ...byPlan.settings, out: '', plan: null, saveLatents: '' }).toEqual({
    ...direct.settings,
    out: '',
    saveLatents: '',
  });

  edit('plan.json', (plan) => {
    plan.noise = { seed: '6' };
  });
  const edited = await generate(program, ['--plan', 'plan.json', ...into('edited')]);
  expect(edited.seed).toBe(6);
  expect(await outcome('edited')).not.toEqual(await outcome('direct'));
});

test('the report of a finished run is a plan too; prompts over time, a picture and recorded noise come with it', async () => {
  writeFileSync(program.path('prompts.txt'), `0: ${PROMPT}\n9: a blue square stands still on a navy background`);
  await generate(program, [PROMPT, ...SMALL, '--frames', '5', '--out', 'begin/']);
  const args = [
    ...SMALL,
    '--prompts-at',
    'prompts.txt',
    '--image',
    `begin/${Object.keys(filesOf(program, 'begin'))[0]}`,
  ];
  await generate(program, [...args, '--save-noise', 'noise.safetensors', ...into('first')]);
  const { status, stdout } = await program.run([
    'generate',
    ...args,
    '--noise',
    'noise.safetensors',
    ...into('direct'),
    '--json',
  ]);
  expect(status).toBe(0);
  writeFileSync(program.path('report.json'), stdout);
  await generate(program, ['--plan', 'report.json', ...into('byPlan')]);
  expect(await outcome('byPlan')).toEqual(await outcome('direct'));
  // Frames say in their metadata that the noise came from a file.
  expect((await outcome('byPlan')).latents).toEqual((await outcome('first')).latents);

  cpSync(program.path('first.safetensors'), program.path('noise.safetensors'));
  const other = await program.run(['generate', '--plan', 'report.json']);
  expect(other).toMatchObject({
    status: 1,
    stderr: expect.stringContaining('--noise noise.safetensors: the plan was made with other contents'),
  });
});

test('what a plan decided is not decided again, and one that cannot be run says why', async () => {
  await planned('plan.json', [PROMPT, ...SMALL]);
  const refused = async (args: readonly string[], status: number, message: string) => {
    const ended = await program.run(['generate', ...args]);
    expect(ended).toMatchObject({ status, stderr: expect.stringContaining(message) });
    expect(program.files().filter((name) => !name.endsWith('.json'))).toEqual([]);
  };
  await refused(['--plan', 'plan.json', '--frames', '9'], 2, '--plan has decided what --frames says');
  await refused(['--plan', 'plan.json', '--no-trim'], 2, '--plan has decided what --trim says');
  await refused(['--plan', 'plan.json', PROMPT], 2, '--plan says what the prompts are');
  await refused(['--plan', 'none.json'], 1, '--plan none.json: could not be opened');
  writeFileSync(program.path('text.json'), 'frames: 81');
  await refused(['--plan', 'text.json'], 1, '--plan text.json: expected a plan in JSON');
  writeFileSync(program.path('failed.json'), '{"status":"failed","plan":null}');
  await refused(['--plan', 'failed.json'], 1, 'this run (failed) ended before it was planned');
  edit('plan.json', (plan) => {
    plan.window = 1;
  });
  await refused(['--plan', 'plan.json'], 1, 'the window of 1 latent frames must hold a block of 3');
  const plan = JSON.parse(readFileSync(program.path('plan.json'), 'utf8'));
  writeFileSync(program.path('plan.json'), JSON.stringify({ ...plan, version: 9 }));
  await refused(['--plan', 'plan.json'], 1, 'this is a plan of version 9, and this program runs version 1');
});

test('a model whose weights have changed is refused, and the plan itself names the model', async () => {
  cpSync(TOY, program.path('model'), { recursive: true });
  await planned('plan.json', [PROMPT, ...SMALL, '--model', 'model']);
  const weights = readFileSync(program.path('model/transformer.safetensors'));
  weights[weights.length - 3] ^= 0x01;
  writeFileSync(program.path('model/transformer.safetensors'), weights);
  const { status, stderr } = await program.run(['generate', '--plan', 'plan.json']);
  expect(status).toBe(1);
  expect(stderr).toContain(
    'of the model that was opened (toy-world) the transformer is not what the plan was made with',
  );
  expect((await generate(program, ['--plan', 'plan.json', '--model', TOY, '--dry-run'])).status).toBe('planned');
});

test('of where its model came from, a plan tells the options that name one, and no others', async () => {
  await planned('plan.json', [PROMPT, ...SMALL]);
  writeFileSync(program.path('mine.txt'), 'mine');
  edit('plan.json', (plan) => {
    Object.assign(plan.model as object, { source: { out: 'mine.txt', force: 'yes', saveNoise: 'mine.txt' } });
  });
  const { settings } = await generate(program, ['--plan', 'plan.json', '--dry-run']);
  expect(settings).toMatchObject({ out: 'video.mp4', saveNoise: null });
  expect(readFileSync(program.path('mine.txt'), 'utf8')).toBe('mine');
});
