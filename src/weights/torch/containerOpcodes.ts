import type { PickleStack } from './pickleStack.js';
import type { PickleDict, PickleValue } from './pickleValue.js';
import { refuse } from './refuse.js';

/** Opcodes that make or fill tuples, lists, sets and dictionaries. */
export const CONTAINER_OPCODES: ReadonlyMap<number, (stack: PickleStack) => void> = new Map<
  number,
  (stack: PickleStack) => void
>([
  [0x28, (stack) => stack.mark()], // MARK
  [0x29, (stack) => stack.pushContainer([])], // EMPTY_TUPLE
  [0x5d, (stack) => stack.pushContainer([])], // EMPTY_LIST
  [0x8f, (stack) => stack.pushContainer([])], // EMPTY_SET
  [0x7d, (stack) => stack.pushContainer(new Map())], // EMPTY_DICT
  [0x85, (stack) => stack.pushContainer(stack.popSome(1))], // TUPLE1
  [0x86, (stack) => stack.pushContainer(stack.popSome(2))], // TUPLE2
  [0x87, (stack) => stack.pushContainer(stack.popSome(3))], // TUPLE3
  [0x74, (stack) => stack.pushContainer(stack.popToMark())], // TUPLE
  [0x6c, (stack) => stack.pushContainer(stack.popToMark())], // LIST
  [0x91, (stack) => stack.pushContainer(stack.popToMark())], // FROZENSET
  [0x64, (stack) => stack.pushContainer(fill(new Map(), stack.popToMark()))], // DICT
  [0x61, (stack) => append(stack.popSome(1), stack)], // APPEND
  [0x65, (stack) => append(stack.popToMark(), stack)], // APPENDS
  [0x90, (stack) => append(stack.popToMark(), stack)], // ADDITEMS
  [0x73, (stack) => setItems(stack.popSome(2), stack)], // SETITEM
  [0x75, (stack) => setItems(stack.popToMark(), stack)], // SETITEMS
]);

function append(items: readonly PickleValue[], stack: PickleStack): void {
  const list = stack.top();
  if (!Array.isArray(list)) refuse('appends to something that is no list');
  for (const item of items) list.push(item);
}

function setItems(items: readonly PickleValue[], stack: PickleStack): void {
  const dict = stack.top();
  if (!(dict instanceof Map)) refuse('sets items of something that is no dictionary');
  fill(dict, items);
}

/** @param items a key, its value, the next key … */
function fill(dict: PickleDict, items: readonly PickleValue[]): PickleDict {
  if (items.length % 2 === 1) refuse('has a key without a value');
  for (let index = 0; index < items.length; index += 2) {
    if (dict.has(items[index])) refuse('has a dictionary with one key twice');
    dict.set(items[index], items[index + 1]);
  }
  return dict;
}
