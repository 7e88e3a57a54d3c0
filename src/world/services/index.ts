// All services, as a plain list. A new service is one new file and one line here.
import type { Tool } from '../tool.ts';
import { bank } from './bank.ts';
import { calendar } from './calendar.ts';
import { chat } from './chat.ts';
import { contacts } from './contacts.ts';
import { files } from './files.ts';
import { mail } from './mail.ts';
import { notes } from './notes.ts';
import type { Service } from './service.ts';
import { shop } from './shop.ts';
import { tasks } from './tasks.ts';
import { web } from './web.ts';

/** Every service of a world. `contacts` comes first: the others look people up in it. */
export const services: readonly Service[] = [contacts, mail, calendar, files, bank, web, tasks, chat, notes, shop];

/** Every tool, in the order of the services. */
export const allTools: readonly Tool[] = services.flatMap((service) => service.tools);

const byName = new Map(allTools.map((tool) => [tool.schema.name, tool]));

/** The tool of that name, if there is one. */
export function toolByName(name: string): Tool | undefined {
  return byName.get(name);
}
