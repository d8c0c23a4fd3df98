export { decodeTxn, encodeTxn, type TxnOp, type TxnStream } from "./txn.ts";
