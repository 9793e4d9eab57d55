"""What can be known about a family before a GPU is rented: `acdc families check`.

check_family   all of it, as a report (report.py)
read_part      one model, from its directory or from the hub, without its weights (part.py)
weights, tokenizers   the parts compared: architecture and shapes; tokenizers, template, stop tokens, licences
needs          disk and memory (memory.py)
distances      how far the seeds lie from each other, streamed tensor by tensor (distances.py)
"""
