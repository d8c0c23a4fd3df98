export type { Linked, LinkJob } from "./link.ts";
export { tileMemoryBytes } from "./link.ts";
export type { SourceFrame, SourceLocation } from "./symbolize.ts";
export { type CompiledObject, type CompileJob, WasmClang, type WasmClangOptions } from "./wasm-clang.ts";
