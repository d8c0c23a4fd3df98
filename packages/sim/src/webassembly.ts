/** The part of WebAssembly's JavaScript interface that the simulator uses. Node's types leave it to the DOM library. */
export interface WasmMemory {
  readonly buffer: ArrayBuffer;
}
export interface WasmGlobal {
  value: number | bigint;
}
export interface WasmInstance {
  readonly exports: Readonly<Record<string, unknown>>;
}
interface WasmImport {
  readonly module: string;
  readonly name: string;
  readonly kind: string;
}
/** A compiled module; opaque. */
export type WasmModule = object;

interface WasmApi {
  readonly Memory: new (limits: {
    readonly initial: number;
    readonly maximum: number;
    readonly shared?: boolean;
  }) => WasmMemory;
  readonly Module: (new (bytes: Uint8Array) => WasmModule) & { imports(module: WasmModule): WasmImport[] };
  readonly Instance: new (
    module: WasmModule,
    imports: Readonly<Record<string, Readonly<Record<string, unknown>>>>,
  ) => WasmInstance;
  readonly Global: abstract new () => WasmGlobal;
  readonly RuntimeError: abstract new () => Error;
}

export const wasm = (globalThis as unknown as { readonly WebAssembly: WasmApi }).WebAssembly;
