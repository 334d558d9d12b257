/**
 * What makes the generated surface pleasant in Kotlin. Nothing here decides anything.
 *
 * Who closes what: `Wangge` is `AutoCloseable`. `close()`, or the end of `use`, gives the database back for good; it takes
 * effect once calls that are still running on other threads are over. `closeFiles()` and `reopen()` are for an app that is
 * put to sleep and wakes up again with the same object.
 */
package org.wangge.core

/**
 * A listener made of a function. Whatever it throws, an `Error` of the JVM included, cancels the sync: across the bridge an
 * `Error` would otherwise look like an answer.
 */
fun syncListener(progress: (SyncProgress) -> SyncAnswer): SyncListener = object : SyncListener {
    override fun progress(progress: SyncProgress): SyncAnswer = try {
        progress(progress)
    } catch (failure: Throwable) {
        throw ListenerException.Failed(failure.toString())
    }
}

/** Hands over what waits and fetches what is new; `progress` hears of each round and may cancel. */
fun Wangge.sync(progress: (SyncProgress) -> SyncAnswer = { SyncAnswer.CONTINUE }): SyncReport =
    sync(syncListener(progress))

/** Every line that `request` asks for, page by page, fetched as it is read. */
fun Wangge.listAll(request: ListRequest = ListRequest()): Sequence<ListItem> = sequence {
    var after = request.after
    do {
        val page = list(request.copy(after = after))
        yieldAll(page.items)
        after = page.next
    } while (after != null)
}

/** A field of the record; none where the kind has no such field or this phone may not see it. */
fun RecordView.field(key: String): FieldView? = fields.find { it.field == key }

/** A field of the form. */
fun KindForm.field(key: String): FieldForm? = fields.find { it.key == key }

/** Text as a value. */
fun text(value: String): Value = Value.Text(value)

/** The text, where the value is one. */
fun Value.textOrNull(): String? = (this as? Value.Text)?.value

/** A text for a field; null clears it. */
fun put(field: String, value: String?): FieldEdit = FieldEdit.Put(field, value?.let(::text) ?: Value.Null)
