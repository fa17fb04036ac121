// People with accounts, made by the API: for journeys that are about something else.
import { BrowserContext } from "@playwright/test";
import { Server } from "./server";

export const PASSWORD = "correct horse battery";

export interface Session {
  token: string;
  user: { id: string; name: string };
}

/** Asks the API as someone, and returns what it answers. */
export async function ask<T>(server: Server, who: Session | undefined, path: string, body?: unknown, method?: string): Promise<T> {
  const headers: Record<string, string> = { "content-type": "application/json" };
  if (who) headers.authorization = `Bearer ${who.token}`;
  const answer = await fetch(`${server.url}/api${path}`, {
    method: method ?? (body === undefined ? "GET" : "POST"),
    headers,
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${text}`);
  return (text === "" ? undefined : JSON.parse(text)) as T;
}

export function account(server: Server, name: string): Promise<Session> {
  return ask(server, undefined, "/accounts", { name, password: PASSWORD });
}

/** The first owner. */
export function owner(server: Server, name: string): Promise<Session> {
  return ask(server, undefined, "/accounts", { name, password: PASSWORD, invite: server.firstSecret });
}

/** A room with its maker in it; its id. */
export async function room(server: Server, by: Session, name: string, kind: "public" | "private"): Promise<string> {
  return (await ask<{ room: { id: string } }>(server, by, "/rooms", { name, kind })).room.id;
}

/** Makes the browser someone's, as signing in would. */
export async function signIn(context: BrowserContext, server: Server, who: Session): Promise<void> {
  await context.addCookies([{ name: "parlor_session", value: who.token, url: server.url, httpOnly: true, sameSite: "Lax" }]);
}
