// A first look at a world with a service of one's own.
import { createTemplate, forkWorld, openCatalogue } from 'tribune/world';
import { library } from './library.ts';

const catalogue = await openCatalogue([library]);
const world = forkWorld(createTemplate({ opinions: [{ title: 'Moby Dick', text: 'Long.' }] }, { catalogue }), {
  seed: 1,
});
for (const _ of [1, 2]) console.log(await world.call('borrow_book', { title: 'moby dick' }));
console.log(await world.call('read_opinions', { title: 'Moby Dick' }), world.query('select weeks from loans'));
world.close();
