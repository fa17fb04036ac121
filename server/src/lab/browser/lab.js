// Entry point of the lab's page. Plain scripts instead of wasm, because they show the browser's own objects, and the
// chat does not load them.

import { runClocks } from "./clocks.js";
import { runDiagnosis } from "./diagnosis.js";
import { runEcho } from "./echo.js";
import { runHandshake } from "./handshake.js";
import { runInspector } from "./inspector.js";

runDiagnosis();
runClocks();
runEcho();
runHandshake();
runInspector();
