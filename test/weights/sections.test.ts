import { describe, expect, test } from 'vitest';
import { sectionsOf, selectSection } from '../../src/weights/sections.js';
import { memorySource } from './memorySource.js';

const sourceOf = (...names: string[]) => memorySource(names.map((name) => [name, [1]] as const));
const trainer = sourceOf('generator/model.a', 'generator/model.b', 'critic/model.a', 'generator_ema/model.a');

describe('sections of a checkpoint', () => {
  test('are the top-level dictionaries, in file order', () => {
    expect(sectionsOf(trainer)).toEqual(['generator', 'critic', 'generator_ema']);
  });

  test.each([
    [[], []],
    [['head.modulation', 'blocks.0.modulation'], []],
    [['head.modulation', 'extra/a'], []],
    [
      ['state_dict/a', 'optimizer/0/exp_avg'],
      ['state_dict', 'optimizer'],
    ],
  ])('%j has %j', (names, sections) => {
    expect(sectionsOf(sourceOf(...names))).toEqual(sections);
  });
});

describe('selecting a section', () => {
  test.each([
    ['the EMA weights before all others', trainer, ['model.a']],
    ['the generator without EMA', sourceOf('critic/c', 'generator/g'), ['g']],
    ['a wrapped state dict', sourceOf('state_dict/a', 'optimizer_states/0/1'), ['a']],
    ['the only section, whatever its name', sourceOf('weights/a', 'weights/b'), ['a', 'b']],
    ['sections within sections', sourceOf('model/generator/a', 'model/generator_ema/b', 'step/c'), ['b']],
    ['tensors at the top', sourceOf('a', 'b'), ['a', 'b']],
    ['nothing of nothing', sourceOf(), []],
  ])('%s', (_name, source, names) => {
    expect(selectSection(source).names()).toEqual(names);
  });

  test('by name, with the tensors of that section', async () => {
    const view = selectSection(trainer, 'critic');
    expect(view.names()).toEqual(['model.a']);
    expect(new TextDecoder().decode(await view.read('model.a'))).toBe('critic/model.a');
    expect(selectSection(sourceOf('model/generator/a', 'model/critic/b'), 'model/critic').names()).toEqual(['b']);
    expect(() => view.info('generator/model.a')).toThrow(/no tensor/);
  });

  test('a section that is not there, or a choice that nobody can make', () => {
    expect(() => selectSection(trainer, 'ema')).toThrow(
      /memory: there is no section "ema" in it: it has "generator", "critic", "generator_ema"/,
    );
    expect(() => selectSection(sourceOf('a'), 'generator_ema')).toThrow(
      /its tensors are not in sections, so name none/,
    );
    expect(() => selectSection(sourceOf('one/a', 'two/a'))).toThrow(
      /found the sections "one", "two". Name one of them/,
    );
  });
});
