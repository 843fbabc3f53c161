#include "tutelage/impl/text/augment.ipp"
#include "tutelage/impl/text/chat.ipp"
#include "tutelage/impl/text/chat_jinja.ipp"
#include "tutelage/impl/text/tokenizer.ipp"
