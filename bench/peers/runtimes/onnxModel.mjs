// Writes ONNX models. A graph is given in short: names of inputs and outputs with their shapes, constants, nodes.
import { fileURLToPath } from 'node:url';
import protobuf from 'protobufjs';

const schema = protobuf.loadSync(fileURLToPath(new URL('onnx.proto', import.meta.url)));
const ModelProto = schema.lookupType('onnx.ModelProto');

/** Codes of onnx.TensorProto.DataType. */
export const DATA_TYPES = { f32: 1, i64: 7, f16: 10 };
const OPSET = 20;
const IR_VERSION = 9; // the one that goes with opset 20

/** @param description { type, shape } */
const value = (name, { type, shape }) => ({
  name,
  type: {
    tensorType: { elemType: DATA_TYPES[type], shape: { dim: shape.map((size) => ({ dimValue: size })) } },
  },
});

const constant = (name, { type, shape, data }) => ({
  name,
  dims: shape,
  dataType: DATA_TYPES[type],
  rawData: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
});

function attribute([name, content]) {
  if (typeof content === 'string') return { name, type: 'STRING', s: Buffer.from(content) };
  if (Array.isArray(content)) return { name, type: 'INTS', ints: content };
  // Every whole number here belongs to an attribute that ONNX wants as an integer.
  return Number.isInteger(content) ? { name, type: 'INT', i: content } : { name, type: 'FLOAT', f: content };
}

const node = ([operator, input, output, attributes = {}]) => ({
  opType: operator,
  input,
  output: [output].flat(),
  attribute: Object.entries(attributes).map(attribute),
  domain: operator === 'MultiHeadAttention' ? 'com.microsoft' : '',
});

/**
 * The bytes of a model.
 * @param inputs by name { type, shape }
 * @param outputs by name { type, shape }
 * @param constants by name { type, shape, data }
 * @param nodes [operator, input names, output name, attributes], in order
 */
export function onnxModel({ inputs = {}, outputs, constants = {}, nodes }) {
  const named = (of, entries) => Object.entries(entries).map(([name, description]) => of(name, description));
  const model = ModelProto.fromObject({
    irVersion: IR_VERSION,
    opsetImport: [{ version: OPSET }, { domain: 'com.microsoft', version: 1 }],
    graph: {
      name: 'work',
      node: nodes.map(node),
      initializer: named(constant, constants),
      input: named(value, inputs),
      output: named(value, outputs),
    },
  });
  return ModelProto.encode(model).finish();
}
