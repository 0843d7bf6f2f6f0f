import { TokenTrimError } from '../../errors.js';
import { findGlobal } from './globals.js';
import { PickleCursor } from './pickleCursor.js';
import { PickleStack } from './pickleStack.js';
import { Opaque, type PickleDict, PickleProblem, type PickleValue, Rebuilder, refuse } from './pickleValue.js';

/** The 2 500 tensors of a training checkpoint take 90 000 steps; ten times as many are no hostile loop yet. */
const MAX_STEPS = 1_000_000;
const STOP = 0x2e;

/** What a pickle asks its reader for. */
export interface PickleContext {
  /** How errors name the file. */
  readonly label: string;
  /** Finds the storage of a persistent id; refuses where the id is none. */
  readonly storage: (id: PickleValue) => PickleValue;
}

type Action = (stack: PickleStack, cursor: PickleCursor, context: PickleContext) => void;

/**
 * Reads a pickle of protocol 2 to 5 as torch.save writes it, without running anything from it: the only functions it can
 * name are those of `globals.ts`. Opcodes: python/cpython `Lib/pickletools.py`.
 *
 * @param start where in `bytes` the pickle begins
 * @returns the value, and where the pickle ends
 * @throws TokenTrimError for anything that does not belong into a file of tensors
 */
export function unpickle(
  bytes: Uint8Array,
  start: number,
  context: PickleContext,
): { value: PickleValue; end: number } {
  const cursor = new PickleCursor(bytes, start);
  const stack = new PickleStack();
  try {
    for (let steps = 0; steps < MAX_STEPS; steps++) {
      const opcode = cursor.uint8();
      const scalar = SCALAR_OPCODES.get(opcode);
      const container = CONTAINER_OPCODES.get(opcode);
      const action = ACTIONS.get(opcode);
      if (opcode === STOP) return { value: stack.pop(), end: cursor.position };
      if (scalar) stack.push(scalar(cursor));
      else if (container) container(stack);
      else if (action) action(stack, cursor, context);
      else refuse(`has the opcode 0x${opcode.toString(16).padStart(2, '0')}, which torch.save does not write`);
    }
    refuse(`takes more than ${MAX_STEPS} steps`);
  } catch (problem) {
    if (!(problem instanceof PickleProblem)) throw problem;
    throw new TokenTrimError(
      `${context.label}: expected the pickle of a torch.save file, but it ${problem.message} (byte ${cursor.position}). ` +
        'Nothing in it was run. Download the file again, or save the tensors alone: torch.save(model.state_dict(), path).',
    );
  }
}

/** Opcodes that push one value, which is written out after them. */
const SCALAR_OPCODES: ReadonlyMap<number, (cursor: PickleCursor) => PickleValue> = new Map<
  number,
  (cursor: PickleCursor) => PickleValue
>([
  [0x4e, () => null], // NONE
  [0x88, () => true], // NEWTRUE
  [0x89, () => false], // NEWFALSE
  [0x4b, (cursor) => cursor.uint8()], // BININT1
  [0x4d, (cursor) => cursor.uint16()], // BININT2
  [0x4a, (cursor) => cursor.int32()], // BININT
  [0x8a, (cursor) => cursor.integer(cursor.uint8())], // LONG1
  [0x8b, (cursor) => cursor.integer(cursor.uint32())], // LONG4
  [0x49, (cursor) => cursor.decimal()], // INT: what Python 2 wrote for wide integers
  [0x4c, (cursor) => cursor.decimal()], // LONG
  [0x47, (cursor) => cursor.float64()], // BINFLOAT
  [0x8c, (cursor) => cursor.text(cursor.uint8())], // SHORT_BINUNICODE
  [0x58, (cursor) => cursor.text(cursor.uint32())], // BINUNICODE
  [0x8d, (cursor) => cursor.text(cursor.uint64())], // BINUNICODE8
  [0x55, (cursor) => cursor.text(cursor.uint8())], // SHORT_BINSTRING: Python 2's str
  [0x54, (cursor) => cursor.text(cursor.uint32())], // BINSTRING
  [0x43, (cursor) => cursor.take(cursor.uint8())], // SHORT_BINBYTES
  [0x42, (cursor) => cursor.take(cursor.uint32())], // BINBYTES
  [0x8e, (cursor) => cursor.take(cursor.uint64())], // BINBYTES8
  [0x96, (cursor) => cursor.take(cursor.uint64())], // BYTEARRAY8
]);

/** Opcodes that make or fill tuples, lists, sets and dictionaries. */
const CONTAINER_OPCODES: ReadonlyMap<number, (stack: PickleStack) => void> = new Map<
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

/** The memo, the stack, and everything that names or calls something. */
const ACTIONS: ReadonlyMap<number, Action> = new Map<number, Action>([
  [0x80, (_stack, cursor) => checkProtocol(cursor.uint8())], // PROTO
  [0x95, (_stack, cursor) => void cursor.uint64()], // FRAME: how much to read ahead, which all of it is already
  [0x30, (stack) => stack.drop()], // POP
  [0x31, (stack) => void stack.popToMark()], // POP_MARK
  [0x32, (stack) => stack.push(stack.top())], // DUP
  [0x71, (stack, cursor) => stack.remember(cursor.uint8())], // BINPUT
  [0x72, (stack, cursor) => stack.remember(cursor.uint32())], // LONG_BINPUT
  [0x94, (stack) => stack.remember()], // MEMOIZE
  [0x68, (stack, cursor) => stack.recall(cursor.uint8())], // BINGET
  [0x6a, (stack, cursor) => stack.recall(cursor.uint32())], // LONG_BINGET
  [0x63, (stack, cursor) => stack.push(findGlobal(cursor.line(), cursor.line()))], // GLOBAL
  [0x93, (stack) => stack.push(globalNamedBy(stack.popSome(2)))], // STACK_GLOBAL
  [0x51, (stack, _cursor, { storage }) => stack.pushContainer(storage(stack.pop()))], // BINPERSID
  [0x52, (stack) => stack.pushContainer(call(stack.popSome(2)))], // REDUCE
  [0x81, (stack) => stack.pushContainer(call(stack.popSome(2)))], // NEWOBJ
  [0x62, (stack) => ignoreAttributes(stack)], // BUILD
]);

function checkProtocol(protocol: number): void {
  if (protocol > 5) refuse(`is of protocol ${protocol}, and 2 to 5 are known`);
}

function globalNamedBy([module, name]: readonly PickleValue[]): PickleValue {
  if (typeof module !== 'string' || typeof name !== 'string') refuse('names an object by something that is no text');
  return findGlobal(module, name);
}

function call([target, args]: readonly PickleValue[]): PickleValue {
  if (!(target instanceof Rebuilder) || !Array.isArray(args)) refuse('calls something that rebuilds no tensor');
  return target.rebuild(args);
}

/** A state dict's attributes are its _metadata, versions of modules; tensors are items, never attributes. */
function ignoreAttributes(stack: PickleStack): void {
  stack.pop();
  const target = stack.top();
  if (!(target instanceof Map || target instanceof Opaque))
    refuse('sets attributes of something that is no dictionary');
}

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
