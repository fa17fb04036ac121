// The lab's page: each part by itself. Plain scripts and not wasm: they show what the browser's own objects do, and the
// chat carries nothing of them.

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
