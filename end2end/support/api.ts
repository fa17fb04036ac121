// Accounts, rooms and sessions made through the HTTP API, for tests about something else.
import { BrowserContext } from "@playwright/test";
import { Server } from "./server";

export const PASSWORD = "correct horse battery";

export interface Session {
  token: string;
  user: { id: string; name: string };
}

/** Sends a request to the API with `who`'s session and returns the decoded response. */
export async function api<T>(server: Server, who: Session | undefined, path: string, body?: unknown, method?: string): Promise<T> {
  const headers: Record<string, string> = { "content-type": "application/json" };
  if (who) headers.authorization = `Bearer ${who.token}`;
  const response = await fetch(`${server.url}/api${path}`, {
    method: method ?? (body === undefined ? "GET" : "POST"),
    headers,
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${path}: ${response.status} ${text}`);
  return (text === "" ? undefined : JSON.parse(text)) as T;
}

export function createAccount(server: Server, name: string): Promise<Session> {
  return api(server, undefined, "/accounts", { name, password: PASSWORD });
}

/** Creates the first account by the link that the server printed; it becomes the owner. */
export function createOwner(server: Server, name: string): Promise<Session> {
  return api(server, undefined, "/accounts", { name, password: PASSWORD, invite: server.firstSecret });
}

/** Creates a room and returns its id. */
export async function createRoom(server: Server, by: Session, name: string, kind: "public" | "private"): Promise<string> {
  return (await api<{ room: { id: string } }>(server, by, "/rooms", { name, kind })).room.id;
}

/** Gives the browser the session cookie that signing in would set. */
export async function signIn(context: BrowserContext, server: Server, who: Session): Promise<void> {
  await context.addCookies([{ name: "parlor_session", value: who.token, url: server.url, httpOnly: true, sameSite: "Lax" }]);
}
