import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, inject, test } from 'vitest';
import { candidates } from '../../src/cli/candidates.js';
import { createProgram } from '../../src/cli/program.js';
import { useProgram } from './program.js';

const tool = createProgram();
const program = useProgram();

const FILES = '(files)';

/** The values that may stand at the end of a line. */
function offered(...words: string[]): string[] {
  const { values, files } = candidates(tool, words);
  return [...values.map(([value]) => value), ...(files ? [FILES] : [])];
}

test.each([
  [['gen'], ['generate']],
  [['help', 'con'], ['convert']],
  [['--v'], ['--version']],
  [
    ['generate', '--preset', ''],
    ['self-forcing', 'rolling-forcing', 'wan'],
  ],
  [['generate', '--preset=w'], ['wan']],
  [['generate', '--preset', '=', 'w'], ['wan']],
  [
    ['generate', '--preset='],
    ['self-forcing', 'rolling-forcing', 'wan'],
  ],
  [['generate', 'a red circle', '--kv_dtype', 'b'], ['bf16']],
  [['generate', '--adapter', 's'], ['swiftshader']],
  [['generate', '--device', 's'], ['swiftshader']],
  [['generate', '-s', ''], ['random']],
  [['generate', '--out', 'x'], [FILES]],
  [['generate', '--save_file', ''], [FILES]],
  [
    ['generate', '--model', 'w'],
    ['wan', FILES],
  ],
  [['generate', '-p', ''], []],
  [['generate', ''], []],
  [['generate', '--trim-w'], ['--trim-warmup']],
  [['generate', '--num-f'], []], // an alias is understood, and not offered
  [['convert', 'a.pt', ''], [FILES]],
  [['convert', 'a.pt', 'b.safetensors', ''], []],
  [['parity', 'one', 'two', ''], [FILES]],
  [['download', 'ro'], ['rolling-forcing']],
  [['completion', 'z'], ['zsh']],
  [['trace', 'la'], ['latents']],
  [['trace', 'latents', ''], [FILES]],
  [
    ['trace', 'latents', 'a.pth', '--order', ''],
    ['frames-first', 'channels-first'],
  ],
  [['trace', 'latents', '--trim-w'], ['--trim-warmup']],
  [['nonsense', ''], []],
])('%j', (words, expected) => expect(offered(...words)).toEqual(expected));

test('every command is offered, and every option that its help shows', () => {
  expect(offered('')).toEqual(expect.arrayContaining(['generate', 'doctor', 'completion', 'help']));
  expect(offered('')).not.toContain('complete');
  expect(offered('generate', '-')).toEqual(expect.arrayContaining(['--frames', '--no-trim', '--help', '--quiet']));
});

/** A shell in which `tokentrim` is this program, and its script is read twice, as it may be. */
function inShell(shell: 'bash' | 'fish', script: string, body: string): string {
  writeFileSync(program.path('script'), script);
  const bin = join(inject('programFolder'), 'bin/tokentrim.js');
  const run = `'${process.execPath}' '${bin}'`;
  const start = shell === 'bash' ? `tokentrim() { ${run} "$@"; }` : `function tokentrim; ${run} $argv; end`;
  const args = shell === 'bash' ? ['--norc', '--noprofile'] : ['--no-config'];
  const text = `${start}\nsource ./script\nsource ./script\n${body}`;
  const { stdout, stderr } = spawnSync(shell, [...args, '-c', text], { cwd: program.folder, encoding: 'utf8' });
  expect(stderr).toBe('');
  return stdout;
}

const isThere = (shell: string) => spawnSync(shell, ['-c', 'true']).status === 0;

test.runIf(isThere('bash'))(
  'bash completes with the script that is printed',
  async () => {
    const { stdout: script, status } = await program.run(['completion', 'bash']);
    expect(status).toBe(0);
    const complete = (...words: string[]) =>
      `COMP_WORDS=(${['tokentrim', ...words].map((word) => `'${word}'`).join(' ')}); ` +
      `COMP_CWORD=${words.length}; __tokentrim_complete; echo "\${COMPREPLY[@]}"`;
    const body = [
      'compopt() { :; }', // works only where a person typed
      complete('generate', '"a $(touch harm) circle"', '--preset', 'r'),
      complete('generate', '"a red', '--preset', '=', 'w'),
      complete('generate', '--preset', '='),
      complete('convert', ''),
      'complete -p tokentrim',
    ];
    expect(inShell('bash', script, body.join('\n')).split('\n')).toEqual([
      'rolling-forcing',
      'wan',
      'self-forcing rolling-forcing wan',
      '',
      'complete -o default -F __tokentrim_complete tokentrim',
      '',
    ]);
    expect(program.files()).toEqual(['script']); // nothing that was typed has run
  },
  120_000,
);

test.runIf(isThere('fish'))(
  'fish completes with the script that is printed',
  async () => {
    const { stdout: script } = await program.run(['completion', 'fish']);
    const body = "complete -C 'tokentrim generate --preset w'; complete -C 'tokentrim generate --preset=r'";
    expect(inShell('fish', script, body).trim().split('\n')).toEqual(['wan', '--preset=rolling-forcing']);
  },
  120_000,
);

test('a shell that is not known', async () => {
  const { status, stderr } = await program.run(['completion', 'tcsh']);
  expect(stderr).toContain('Allowed choices are bash, zsh, fish, powershell');
  expect(status).toBe(2);
});
