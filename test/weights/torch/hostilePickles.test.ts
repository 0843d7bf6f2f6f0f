import { describe, expect, test } from 'vitest';
import { bytesOp, call, global, type Pickled, persistent, tuple } from './pickleWriter.js';
import { bytesRefusal, matrix, weights, zipRefusal } from './refusal.js';
import { legacyFile, storageOf, tensorOf } from './torchWriter.js';

describe('names and calls', () => {
  test.each([
    'posix system',
    'os system',
    'builtins eval',
    'builtins getattr',
    '__builtin__ __import__',
    'torch.storage _load_from_bytes',
    'torch._utils _rebuild_sparse_tensor',
    'numpy.core.multiarray scalar',
    'collections __proto__',
    'toString constructor',
  ])('%s is refused where it is named, in every protocol and format', async (name) => {
    const [module, attribute] = name.split(' ');
    const root = new Map<Pickled, Pickled>([
      ['w', matrix],
      ['x', call(name, 'true')],
    ]);
    const messages = [
      await zipRefusal(root),
      await zipRefusal(root, [weights], { protocol: 4 }),
      await bytesRefusal(legacyFile(root, [weights])),
    ];
    for (const message of messages) {
      expect(message).toContain(`asks for "${module}.${attribute}", which tensors do not need`);
      expect(message).toContain('Nothing in it was run.');
      expect(message).toContain('torch.save(model.state_dict(), path)');
    }
  });

  test.each<[string, Pickled, RegExp]>([
    ['a call of a text', call(bytesOp(0x58, 1, 0, 0, 0, 0x61)), /calls something that rebuilds no tensor/],
    ['a call of a storage type', call('torch FloatStorage', 1), /calls something that rebuilds no tensor/],
    [
      'a rebuild inside a rebuild inside …',
      call('torch._tensor _rebuild_from_type_v2', global('torch._tensor _rebuild_from_type_v2'), null, tuple()),
      /a function that does not/,
    ],
    ['a parameter of nothing', call('torch._utils _rebuild_parameter', 1, true, null), /parameter of something/],
    [
      'a tensor over a text',
      call('torch._utils _rebuild_tensor_v2', 'x', 0, tuple(1), tuple(1)),
      /something that is no storage/,
    ],
    [
      'a tensor of no dtype',
      tensorOf(persistent(tuple('storage', global('torch UntypedStorage'), '0', 'cpu', 16)), {
        offset: 0,
        shape: [1],
        strides: [1],
      }),
      /of no dtype/,
    ],
    ['an OrderedDict of a list', call('collections OrderedDict', [tuple('a', 1)]), /save it again with Python 3/],
    ['a tensor of nine arguments', call('torch._utils _rebuild_tensor_v2', ...Array(9).fill(null)), /9 arguments/],
    ['attributes of a tensor', bytesOp(0x4e, 0x7d, 0x62), /sets attributes of something/],
    ['INST', bytesOp(0x28, 0x69, ...Buffer.from('os\nsystem\n')), /opcode 0x69/],
    ['an extension', bytesOp(0x82, 1), /opcode 0x82/],
    ['a buffer from elsewhere', bytesOp(0x97), /opcode 0x97/],
    ['a name that is no text', bytesOp(0x4e, 0x4e, 0x93), /by something that is no text/],
    ['an object outside that is no storage', persistent(tuple('module', 'x')), /no storage/],
    ['an endless line', bytesOp(0x63, ...Array(3000).fill(0x61)), /more than 1000 bytes/],
    [
      'a negated tensor',
      call(
        'torch._utils _rebuild_tensor_v2',
        storageOf(weights),
        0,
        tuple(4),
        tuple(1),
        false,
        null,
        new Map([['neg', true]]),
      ),
      /resolve_neg/,
    ],
  ])('%s', async (_name, root, message) => {
    expect(await zipRefusal(root)).toMatch(message);
  });
});

describe('the machine of the pickle', () => {
  test.each<[string, number[], RegExp]>([
    ['an empty stack', [0x2e], /takes a value that is not there/],
    ['a stack emptied past a mark', [0x4e, 0x28, 0x30, 0x30, 0x30], /takes a value that is not there/],
    ['values from under a mark', [0x4e, 0x28, 0x85], /takes a value that is not there/],
    ['a mark that is not there', [0x4e, 0x74], /a mark that is not there/],
    ['a memo never written', [0x68, 7], /recalls memo 7/],
    ['a key without a value', [0x7d, 0x28, 0x4e, 0x75], /a key without a value/],
    ['one key twice', [0x7d, 0x28, 0x4e, 0x4e, 0x4e, 0x4e, 0x75], /one key twice/],
    ['items of a list', [0x5d, 0x4e, 0x4e, 0x73], /no dictionary/],
    ['an element of a dictionary', [0x7d, 0x4e, 0x61], /no list/],
    ['a length past the end', [0x58, 0xff, 0xff, 0xff, 0x7f], /is cut short/],
    ['a length of 2^64', [0x8d, 255, 255, 255, 255, 255, 255, 255, 255], /is cut short/],
    ['an integer of 2 GB', [0x8b, 0xff, 0xff, 0xff, 0x7f], /an integer of 2147483647 bytes/],
    ['an integer of a negative length', [0x8b, 0xff, 0xff, 0xff, 0xff], /an integer of 4294967295 bytes/],
    ['a number that is none', [0x49, ...Buffer.from('1e9\n')], /a number that is none/],
    ['a text that is not UTF-8', [0x8c, 2, 0xff, 0xfe], /not UTF-8/],
    ['protocol 6', [0x80, 6], /protocol 6/],
    ['opcodes that are none', [0xff, 0xfe], /opcode 0xff/],
    ['no STOP', [0x4e], /is cut short/],
  ])('%s', async (_name, opcodes, message) => {
    expect(await zipRefusal(Buffer.from([0x80, 2, ...opcodes]))).toMatch(message);
  });
});
