"""Attention, read while a model of transformers generates. Needs torch.

One reading, from prompt to row:

1. :mod:`.token_origins` – which characters and which image each prompt token stands for
2. :mod:`.segments` – the segment of each token: either piece of evidence, the question, the sink, the rest
3. :mod:`.decoder_layers` – the attention layers of the model's language decoder
4. :mod:`.attention_probe` – stands beside these layers while ``generate`` runs, and puts the reading together
5. :mod:`.generation_checks` – what it refuses before that, and where each item's answer ended
6. :mod:`.layer_recorder` – the query rows, keys and values that are kept of a layer (:mod:`.shared_prompt`: what layers share)
7. :mod:`.visible_keys` – which of the keys each row sees, sorted by segment
8. :mod:`.segment_statistics` – logits, masses and norms by segment
9. :mod:`.readings` – all layers together: the result, and the contrasts that follow from it
10. :mod:`.batch_log` – readings as rows on disk, with what each is about (:mod:`.logged_items`)
"""
