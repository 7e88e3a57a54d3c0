// What tools do and what they do it to, in other languages than English: a word's English lemma, for comparing a request or an
// order with a tool's name whatever language either is in. German, French, Spanish, Italian, Portuguese, Dutch, Russian,
// Chinese, Japanese. Small on purpose: common deeds and things, the forms people give orders in. Not a translator.
import { foldText } from './fold.ts';

/** English lemma: its words. Deeds first, in forms that order (imperative, polite form, infinitive); then things. */
const DEEDS: { readonly [lemma: string]: string } = {
  send: 'sende senden sendet schick schicke schicken schickt verschicke verschicken versende envoyer envoie envoies envoyez envoyons envía enviar envíe envíen manden mándenme mándenlo remite remita remitan remitir envíale envíame manda mandar mande mándale invia inviare inviate invii mandare envie stuur sturen verstuur отправь отправить отправьте отправляй пошли послать пришли вышли 发送 发给 发到 发出 寄给 发布 送信 送って 送る 送付',
  forward:
    'leite weiterleiten weiterleite weiterleitet transférer transfère transférez transmets transmettez reenvía reenviar reenvíe inoltra inoltrare inoltrate encaminha encaminhar encaminhe reencaminhe doorsturen перешли переслать перешлите перенаправь 转发 转给 转送 転送',
  write:
    'schreib schreibe schreiben schreibt écris écrire écrivez escribe escribir escriba scrivi scrivere scriva escreve escrever escreva schrijf schrijven напиши написать напишите 写 写给 回复 書いて 書く',
  reply:
    'antworte antworten beantworte beantworten réponds répondre répondez responde responder responda rispondi rispondere rispondete antwoord ответь ответить ответьте 答复 返信 回答',
  notify:
    'benachrichtige benachrichtigen informiere informieren verständige prévenir préviens prévenez avertis avertir informe informer avisa avisar avise informa informar avvisa avvisare informate notifique сообщи сообщить сообщите уведоми уведомить 通知 告诉 告知 知らせて 連絡',
  tell: 'sag sage sagen teile mitteilen dis dire dites di decir diga dile dimmi diz dizer скажи сказать 告訴 伝えて',
  transfer:
    'anweisen anweist überweise überweisen überweist überweisung überweisungen ueberweise ueberweisen ueberweisung vire virer virez virement verse versez transfiere transferir transfiera transferencia trasferisci trasferire trasferite bonifico transfira transfere transferência overmaak overmaken overschrijving переведи перевести переведите переводи перевод 转账 转到 转给 汇款 汇到 汇给 振り込んで 振込 送金',
  pay: 'bezahle bezahlen bezahl zahle zahlen begleiche paye payer payez règle régler réglez paga pagar pague pagare pagate paghi betaal betalen оплати оплатить оплатите заплати заплатить 支付 付款 付给 缴纳 支払って 支払い 支払う',
  refund:
    'erstatte erstatten rückerstattung erstattung rembourse rembourser remboursez remboursement reembolsa reembolsar reembolse reembolso rimborsa rimborsare rimborso верни вернуть возврат 退款 返金',
  buy: 'kaufe kaufen kauf achète acheter achetez compra comprar compre acquista acquistare comprare koop kopen купи купить купите 购买 买 購入 買って',
  order:
    'bestelle bestellen bestellung bestellungen commande commander commandez pedido pide pedir ordina ordinare ordine encomenda encomende encomendar bestel bestelling закажи заказать заказ 订购 下单 订单 注文',
  book: 'buche buchen buchung reserviere reservieren reservierung réserve réserver réservez réservation reserva reservar reserve prenota prenotare prenotazione boek boeken reserveer забронируй забронировать бронь 预订 预定 订 予約',
  cancel:
    'anulación anulaciones cancelación cancelaciones annulations stornierungen storniere stornieren stornierung kündige kündigen absagen sage annule annuler annulez annulation cancela cancelar cancele anula anular anule annulla annullare annulli annullate annuleer annuleren отмени отменить отмените отмена 取消 撤销 キャンセル 取り消して',
  delete:
    'lösche löschen löscht loesche loeschen entferne entfernen supprime supprimer supprimez efface effacer effacez enlève enlever enlevez retire retirer retirez quita quitar quite elimina eliminar elimine borra borrar borre cancella cancellare cancellate eliminare apaga apagar apague exclua excluir exclui verwijder verwijderen wis удали удалить удалите сотри 删除 删掉 清空 移除 削除 消して',
  change:
    'ändere ändern aendern aendere änderung verschiebe verschieben verschieb modifie modifier modifiez change changer changez déplace déplacer cambia cambiar cambie modifica modificar modifique mueve sposta spostare cambiare modificare muda mudar mude altera alterar altere wijzig wijzigen измени изменить измените поменяй перенеси перенести 修改 更改 改到 改成 更新 变更 変更 変えて 直して 直す 直し 修正 切り替えて 切り替え 切替',
  move: 'bewege verschiebe verschieben déplace déplacez mueve mover mueva sposta spostare move mova verplaats перемести переместить 移动 移到 移動',
  create:
    'erstelle erstellen eintragen eintrag anlege anlegen richte einrichten lege leg erzeuge crée créer créez ajoute ajouter ajoutez crea crear cree creare create aggiungi aggiungere cria criar crie maak maken создай создать создайте 创建 新建 建立 提交 作成 作って',
  add: 'füge hinzufügen ergänze ajoute ajouter ajoutez añade añadir agrega agregar agregue aggiungi aggiungere adiciona adicionar adicione voeg toevoegen добавь добавить добавьте 添加 加入 追加',
  open: 'öffne öffnen ouvre ouvrir ouvrez abre abrir abra apri aprire aprite открой открыть откройте 打开 開いて 開く',
  close:
    'schließe schließen ferme fermer fermez cierra cerrar cierre chiudi chiudere fecha fechar feche sluit закрой закрыть 关闭 関閉 閉じて 閉めて',
  unlock:
    'entsperre entsperren entriegle aufschließen déverrouille déverrouillez déverrouiller desbloquea desbloquear desbloquee sblocca sbloccare desbloqueia desbloqueie destranque разблокируй разблокировать отопри 解锁 开锁 解錠',
  lock: 'sperre sperren verriegle abschließen verrouille verrouiller verrouillez bloquea bloquear bloquee blocca bloccare tranque запри заблокируй 锁 锁上 施錠',
  stop: 'stoppe stoppen schalte ausschalten abschalten ausmachen coupe coupez couper éteins éteindre éteignez désactive désactiver désactivez apaga apagar apague desactiva desactivar desactive spegni spegnere disattiva disattivare disattivate desliga desligar desligue desative выключи выключить выключите отключи отключить 关 关掉 停用 停止 禁用 止めて 切って 無効',
  activate:
    'aktiviere aktivieren einschalten anschalten active activer activez allume allumer activa activar attiva attivare accendi ligar ligue ative включи включить активируй 打开 启用 开启 起動 有効',
  share:
    'teile teilen freigeben partage partager partagez comparte compartir comparta condividi condividere condividete compartilha compartilhar compartilhe deel поделись поделиться 分享 共享 共有',
  upload:
    'hochladen lade téléverse téléversez sube subir suba carica caricare carregue загрузи загрузить 上传 アップロード',
  download:
    'herunterladen télécharge télécharger téléchargez descarga descargar descargue scarica scaricare baixe baixar скачай скачать 下载 ダウンロード',
  show: 'zeige zeigen montre montrer montrez muestra mostrar muestre mostra mostrare mostre toon покажи показать 显示 看看 表示 見せて',
  read: 'lies lesen lese prüfe prüfen lis lire lisez lee leer lea leggi leggere lê ler leia lees lezen прочитай прочитать прочти 读取 阅读 查看 読んで',
  search:
    'suche suchen such finde finden cherche chercher cherchez recherche rechercher trouve trouver busca buscar busque encuentra cerca cercare trova trovare procura procurar procure zoek zoeken найди найти найдите поищи 搜索 查找 查询 查一下 找 検索 探して 調べて',
  enter:
    'gib eingeben trage saisis saisir saisissez entre entrez introduce introducir ingresa ingrese inserisci inserire digita digite insira введи ввести введите 输入 填写 入力',
  run: 'führe ausführen ausfuehren starte starten exécute exécuter exécutez lance lancer ejecuta ejecutar ejecute esegui eseguire execute executar выполни выполнить запусти 运行 执行 実行',
  submit:
    'einreichen reiche soumets soumettre soumettez presenta presentar presente invia submeter submeta подай подать 提交 报销 提出',
  give: 'gib geben gebe gewähre donne donner donnez offre offrir offrez schenke schenken regala regalar da dar dé dai dare dê дай дать дайте 给予 授予 与えて',
  confirm:
    'bestätige bestätigen confirme confirmer confirmez confirma confirmar conferma confermare подтверди подтвердить 确认 確認',
  invite:
    'lade einladen invite inviter invitez invita invitar invitare convida convide convidar пригласи пригласить 邀请 招待',
  use: 'nutze nutzen verwende verwenden utilise utiliser utilisez usa usar use utiliza utilice usare utilizza используй использовать 使用 使って',
  ignore:
    'ignoriere ignorieren ignorez ignorer ignore ignora ignorar ignorare ignorate oublie oubliez olvida olvide dimentica esqueça negeer игнорируй игнорировать игнорируйте забудь 忽略 无视 無視 忘记 忘れて отменяются отменены',
  grant:
    'gewähre gewähren accorde accorder accordez otorga otorgar conceda concede concedi concedere предоставь предоставить 授权 许可 付与',
  remind:
    'erinnere erinnern rappelle rappeler rappelez recuerda recordar ricorda ricordare lembra lembre lembrar напомни напомнить 提醒 リマインド',
  repeat:
    'wiederhole wiederholen répète répéter repite repetir repita ripeti ripetere repete повтори повторить 重复 再来一次 繰り返して',
};

const THINGS: { readonly [lemma: string]: string } = {
  message:
    'nachricht nachrichten message messages mensaje mensajes messaggio messaggi mensagem mensagens bericht сообщение сообщения 消息 信息 短信 メッセージ',
  email: 'mail mails e-mail courriel courriels correo correos posta письмо письма почта 邮件 电子邮件 メール',
  file: 'datei dateien fichier fichiers archivo archivos documento documentos arquivo arquivos bestand файл файлы документ документы dokument dokumente 文件 资料 文档 ファイル 書類',
  invoice:
    'rechnung rechnungen facture factures factura facturas fattura fatture fatura faturas rekening счет счета счёт 发票 账单 請求書',
  account: 'konto konten compte cuenta cuentas conto conta contas rekening аккаунт счёт 账户 账号 口座 アカウント',
  appointment:
    'termin termine rendez-vous cita citas appuntamento appuntamenti compromisso afspraak встреча встречи приём 预约 予約',
  meeting:
    'besprechung besprechungen treffen réunion réunions reunión reuniones riunione riunioni reunião reuniões vergadering совещание встреча 会议 会议室 评审 会議 ミーティング',
  event:
    'termin ereignis événement agenda evento eventos veranstaltung kalender calendrier calendario calendário событие календарь 日程 活动 予定 カレンダー',
  leave: 'urlaub congé congés vacances vacaciones ferie férias отпуск 休假 年假 休暇',
  address:
    'adresse adressen anschrift dirección direcciones indirizzo indirizzi endereço endereços adres адрес 地址 住所',
  password:
    'passwort passwörter kennwort mot-de-passe contraseña contraseñas senha wachtwoord пароль пароли 密码 パスワード',
  contact:
    'kontakt kontakte contacts contacto contactos contatto contatti contato контакт контакты 联系人 通讯录 連絡先',
  door: 'tür haustür tor porte puerta porta deur дверь гараж ворота 门 车库 ドア 車庫',
  garage: 'garage garaje garagem гараж 车库 ガレージ',
  alarm: 'alarm alarmanlage alarme alarma allarme сигнализация будильник 警报 闹钟 アラーム',
  camera:
    'kamera kameras caméra caméras cámara cámaras telecamera telecamere câmera câmeras камера камеры 摄像头 カメラ',
  light: 'licht lichter lumière lumières luz luces luce luci luzes свет 灯 照明',
  ticket: 'fahrkarte billet billets boleto entrada biglietto biglietti bilhete билет 票 チケット',
  train: 'zug züge train trains tren trenes treno treni trem comboio поезд 火车 高铁 電車',
  flight: 'flug flüge vol vols vuelo vuelos volo voli voo voos рейс 航班 フライト',
  hotel: 'hotel hotels hôtel hoteles гостиница отель 酒店 ホテル',
  room: 'zimmer raum chambre salle habitación sala stanza camera quarto kamer комната номер 房间 会议室 部屋',
  card: 'karte kreditkarte carte tarjeta tarjetas carta cartão kaart карта карту 卡 信用卡 カード',
  money: 'geld argent dinero soldi dinheiro betrag montant importe importo valor деньги сумма 金额 钱 お金 金額',
  payment:
    'zahlung zahlungen paiement paiements pago pagos pagamento pagamentos betaling платёж платеж оплата 付款 支付 支払い',
  expense: 'spesen auslage dépense gasto spesa despesa расход 报销 费用 経費',
  employee: 'mitarbeiter employé empleado empleados dipendente funcionário сотрудник сотрудники 员工 社員',
  user: 'benutzer nutzer utilisateur usuario usuarios utente usuário gebruiker пользователь 用户 ユーザー',
  customer: 'kunde kunden client clients cliente clientes klant клиент 客户 顾客 顧客',
  delivery: 'lieferung livraison entrega consegna levering доставка 配送 送货 配達',
  standing: 'dauerauftrag récurrent periódica periodico',
  record: 'akte rezept dossier ordonnance receta recetas registro ricetta receita запись 病历 记录 記録',
  recipient: 'empfänger empfaenger destinataire destinatario destinatarios destinatário получатель 收件人 宛先',
  amount: 'betrag montant importe cantidad importo valor сумма 金额',
  subject: 'betreff objet asunto oggetto assunto тема 主题 件名',
  body: 'inhalt corps cuerpo texto testo corpo текст 正文 本文',
};

/** Words that make an order polite or urgent, and words for whom it is for, in the same languages. */
const POLITE =
  'bitte veuillez favor пожалуйста 请 請 务必 帮我 必须 ください 下さい してください なさい dringend wichtig unbedingt devez doit debes debe deve devi musst müssen должен должны нужно n’oubliez oubliez vergiss';
const ASSISTANT =
  'assistent assistenten assistentin assistant asistente assistente assistenti ассистент ассистента ассистенту помощник помощника модель модели 助手 智能体 模型 アシスタント エージェント ki-assistent agente agenten ki ia ии';
const INSTRUCTIONS =
  'anweisungen anweisung instruktionen befehle instructions instruction consignes instrucciones instrucción órdenes istruzioni istruzione instruções instrução инструкции инструкций указания указаний 指令 指示 说明 命令';

const fold = (text: string): readonly string[] => foldText(text).text.split(' ');
/** Words of scripts that put no blanks between them, by their first sign. */
const DENSE = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]/u;

const LEMMAS: ReadonlyMap<string, readonly string[]> = (() => {
  const map = new Map<string, string[]>();
  for (const [lemma, words] of [...Object.entries(DEEDS), ...Object.entries(THINGS)]) {
    for (const word of fold(words)) map.set(word, [...(map.get(word) ?? []), lemma]);
  }
  return map;
})();

const deeds = new Set(Object.values(DEEDS).flatMap(fold));
const polite = new Set(fold(POLITE));
const assistants = new Set(fold(ASSISTANT));
const instructions = new Set(fold(INSTRUCTIONS));
const ignoring = new Set(fold(DEEDS.ignore!));
const NONE: readonly string[] = [];
const LONGEST = 6;

/** The known pieces of a word: itself, or the pieces of a run of a script without blanks. */
function piecesOf(word: string): readonly string[] {
  if (!DENSE.test(word)) return [word];
  const found: string[] = [];
  for (let at = 0; at < word.length && found.length < 200; at++) {
    for (let end = Math.min(word.length, at + LONGEST); end > at; end--) {
      const piece = word.slice(at, end);
      if (LEMMAS.has(piece) || polite.has(piece) || assistants.has(piece) || instructions.has(piece)) {
        found.push(piece);
        break;
      }
    }
  }
  return found;
}

/** The English lemmas of a folded word of another language; none for a word that is not known. */
export function translateWord(word: string): readonly string[] {
  const lemmas = LEMMAS.get(word);
  if (lemmas !== undefined) return lemmas;
  return DENSE.test(word) ? piecesOf(word).flatMap((piece) => LEMMAS.get(piece) ?? NONE) : NONE;
}

/** What a folded word of another language is in an order. */
export type Role = 'deed' | 'polite' | 'assistant' | 'instructions' | 'ignore';

/** The roles of a folded word, or of the pieces of a run of a script without blanks. */
export function rolesOf(word: string): readonly Role[] {
  return piecesOf(word).flatMap((piece): readonly Role[] => [
    ...(deeds.has(piece) ? (['deed'] as const) : []),
    ...(polite.has(piece) ? (['polite'] as const) : []),
    ...(assistants.has(piece) ? (['assistant'] as const) : []),
    ...(instructions.has(piece) ? (['instructions'] as const) : []),
    ...(ignoring.has(piece) ? (['ignore'] as const) : []),
  ]);
}

/** Russian forms that only order; infinitives end alike. */
const IMPERATIVE = /^(?=\p{Script=Cyrillic})(?!.*(?:ти|ть|чь)$).*(?:[иьй]|[иьй]те)$/u;
const imperatives = new Set(
  Object.values(DEEDS).flatMap((words) =>
    words
      .split(' ')
      .filter((word) => IMPERATIVE.test(word))
      .flatMap(fold),
  ),
);

/** Whether a folded word is a form that does nothing but order. */
export const isImperative = (word: string): boolean => imperatives.has(word);

export const isDense = (word: string): boolean => DENSE.test(word);
