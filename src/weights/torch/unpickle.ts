import { TokenTrimError } from '../../errors.js';
import { CONTAINER_OPCODES } from './containerOpcodes.js';
import { findGlobal } from './globals.js';
import { PickleCursor } from './pickleCursor.js';
import { PickleStack } from './pickleStack.js';
import { Opaque, type PickleValue, Rebuilder } from './pickleValue.js';
import { PickleProblem, refuse } from './refuse.js';
import { SCALAR_OPCODES } from './scalarOpcodes.js';

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
