import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Job } from 'kubernetes-models/batch/v1';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { misused } from '../cli/parsed.js';
import { root } from './documents.js';

const read = (name: string) => readFileSync(join(root, 'examples', name), 'utf8');
const job = parse(read('kubernetes-job.yaml'));

/** A value that notes which fields of it and of what it holds are looked at. */
function watched<Value extends object>(value: Value, seen: Set<string>, path = ''): Value {
  return new Proxy(value, {
    get(target, name, receiver) {
      const found = Reflect.get(target, name, receiver);
      const at = `${path}/${String(name)}`;
      seen.add(at);
      return typeof found === 'object' && found !== null ? watched(found, seen, at) : found;
    },
  });
}

function* fieldsOf(value: unknown, path = ''): Generator<string> {
  if (typeof value !== 'object' || value === null) return;
  for (const [name, item] of Object.entries(value)) {
    yield `${path}/${name}`;
    yield* fieldsOf(item, `${path}/${name}`);
  }
}

/** Fields that Kubernetes does not know, which its validator passes over: it never looks at them. */
function unknownFields(value: object): string[] {
  const seen = new Set<string>();
  Job.prototype.validate.call(watched(value, seen));
  return [...fieldsOf(value)].filter((field) => !seen.has(field));
}

test("the Kubernetes job is one by Kubernetes' own schema, and that sees a wrong one", () => {
  expect(() => new Job(job).validate()).not.toThrow();
  expect(() => new Job({ ...job, spec: { ...job.spec, completions: '8' } }).validate()).toThrow('must be integer');
  expect(() => new Job({ ...job, spec: { completions: 8 } } as never).validate()).toThrow('template');
  expect(unknownFields(job)).toEqual([]);
  const [container] = job.spec.template.spec.containers;
  const spec = {
    ...job.spec.template.spec,
    containers: [{ ...container, volumeMount: [], args: [] }],
    restartpolicy: '',
  };
  expect(unknownFields({ ...job, spec: { ...job.spec, template: { spec } } })).toEqual([
    '/spec/template/spec/containers/0/volumeMount',
    '/spec/template/spec/restartpolicy',
  ]);
});

test('it tells each pod its share, and gives options that there are', async () => {
  const { completionMode, completions, template } = job.spec;
  const [{ command, env }] = template.spec.containers;
  expect(completionMode).toBe('Indexed');
  expect(env).toEqual([{ name: 'TOKENTRIM_SHARDS', value: String(completions) }]);
  const [program, name, ...options] = command as string[];
  expect([program, name]).toEqual(['tokentrim', 'generate']);
  // Refused for what is added, and for nothing that stands there.
  expect(await misused(...options, '--seed', '3')).toContain('use `seeds`');
});

test.each(['slurm-array.sh', 'parallel.sh'])('%s is a script that a shell can read, and says what it wants', (name) => {
  expect(spawnSync('bash', ['-n', join(root, 'examples', name)]).status).toBe(0);
  const { status, stderr } = spawnSync('bash', [join(root, 'examples', name)], { encoding: 'utf8' });
  expect(status).not.toBe(0);
  expect(stderr).toMatch(/which prompts\?|how many workers\?/);
  expect(read(name)).toContain('generate --prompts "$prompts" --out-dir "$folder"');
});
