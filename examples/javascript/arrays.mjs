// Arrays in msgpack, as docs/wire.md describes them: small ones in the body, large ones in frames of their own.
import { decode, encode, ExtensionCodec } from "@msgpack/msgpack";

const DTYPES = ["bool", "uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64", "float16", "float32",
  "float64"];
const VIEWS = [Uint8Array, Uint8Array, Int8Array, Uint16Array, Int16Array, Uint32Array, Int32Array, BigUint64Array,
  BigInt64Array, Uint16Array, Float32Array, Float64Array];
const INLINE = 4096;
const headBytes = (dimensions) => Math.ceil((4 + 4 * dimensions) / 16) * 16;

/** An array: its dtype, its shape, and its numbers in a typed array (of float16 the bits). */
export class NDArray {
  constructor(dtype, shape, data) {
    Object.assign(this, { dtype, shape, data });
  }

  get bytes() {
    return Buffer.from(this.data.buffer, this.data.byteOffset, this.data.byteLength);
  }

  get head() {
    const bytes = Buffer.alloc(headBytes(this.shape.length));
    bytes.set([DTYPES.indexOf(this.dtype), this.shape.length]);
    this.shape.forEach((size, i) => bytes.writeUInt32LE(size, 4 + 4 * i));
    return bytes;
  }

  static read(head, data) {
    const view = new DataView(head.buffer, head.byteOffset);
    const shape = Array.from({ length: head[1] }, (_, i) => view.getUint32(4 + 4 * i, true));
    return new NDArray(DTYPES[head[0]], shape, new VIEWS[head[0]](new Uint8Array(data).buffer)); // copied: aligned
  }
}

// The context is the list of the frames beside the body; without one, all arrays are in the body.
const extensionCodec = new ExtensionCodec();
extensionCodec.register({
  type: 1,
  encode: (value, beside) => value instanceof NDArray && !(beside && value.data.byteLength > INLINE)
    ? Buffer.concat([value.head, value.bytes]) : null,
  decode: (bytes) => NDArray.read(bytes, bytes.subarray(headBytes(bytes[1]))),
});
extensionCodec.register({
  type: 2,
  encode: (value, beside) => value instanceof NDArray ? (beside.push(value.bytes), value.head) : null,
  decode: (bytes, _, beside) => NDArray.read(bytes, beside.shift()),
});

export const pack = (value, beside) => encode(value, { extensionCodec, context: beside });
export const unpack = (bytes, beside) => decode(bytes, { extensionCodec, context: beside });
