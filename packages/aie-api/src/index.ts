export { defaultCompileArgs, headers } from "./headers.ts";
